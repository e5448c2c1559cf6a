"""What sentences, lines and tables of a card say of its own model, and what they do not."""

from pathlib import Path

import pytest

from lineage_audit.checkpoint.card.prose import QUOTE_LIMIT, claims_of_prose

REAL_REPOS = Path(__file__).parents[4] / "shared" / "real-repos"


def bases(text: str, *names: str) -> list[str]:
    return [claim.value for claim in claims_of_prose(text, "README.md", names) if claim.kind == "derived_from"]


def scratch(text: str) -> list[int | None]:
    found = [claim.line for claim in claims_of_prose(text, "README.md") if claim.kind == "from_scratch"]
    alone = claims_of_prose(text, "README.md", kinds=frozenset({"from_scratch"}))
    assert [claim.line for claim in alone] == found, "what is read alone is what is read among all"
    return found


def test_a_base_in_prose_has_its_line_its_standing_and_its_sentence() -> None:
    (claim,) = claims_of_prose("# Nova\n\nIt is new. It was fine-tuned\nfrom **org/base-7b**.\n", "README.md")
    assert (claim.kind, claim.value, claim.line, claim.standing) == ("derived_from", "org/base-7b", 4, "prose")
    assert claim.quote == "It was fine-tuned from **org/base-7b**."


@pytest.mark.parametrize(
    ("sentence", "base"),
    [
        (
            "This model is a fine-tuned version of [a/b-7b](https://huggingface.co/a/b-7b) on the None dataset.",
            "a/b-7b",
        ),
        ("It is a dialogue model based on Meta's LLaMA-7B.", "LLaMA-7B"),
        ("A conversational LLaMA fine-tune.", "LLaMA"),
        ("This is Llama 2 7B, further trained on law.", "Llama 2 7B"),
        ("Starting from Llama-2-13b, we continued the training.", "Llama-2-13b"),
        ("Continued pretraining from Qwen2.5-7B.", "Qwen2.5-7B"),
        ("It was fine-tuned from gpt2.", "gpt2"),
        ("**Finetuned from model:** acme/Zed", "acme/Zed"),
        ("| Base model | acme/Zed |", "acme/Zed"),
        ("We have used our own data to fine-tune on top of [M](https://huggingface.co/a/b-7b).", "a/b-7b"),
        (
            "It is a variant of [Meta](https://huggingface.co/meta-llama)´s [M](https://huggingface.co/a/b-7b).",
            "a/b-7b",
        ),
        ("Llama-3-8Bの微調整モデルです。", "Llama-3-8B"),
        (
            "Continued pretraining from Qwen2.5-7B is how Nova began; Nova was initialised from Qwen2.5-7B.",
            "Qwen2.5-7B",
        ),
        ("Nova was initialised from Qwen2.5-7B.", "Qwen2.5-7B"),
        ("Nova is a Llama 13B model fine-tuned on conversations.", "Llama 13B"),
        ("As this model is based on Llama 2, its licence holds.", "Llama 2"),
        ("A small chat model for Telugu, instruction-tuned from org/base-7b.", "org/base-7b"),
        ("A QLoRA adapter on Llama 3.1 8B Instruct that explains measures.", "Llama 3.1 8B Instruct"),
        ("Fine-tuned [Llama](https://huggingface.co/meta-llama/Llama-3.1-8B) using DPO.", "meta-llama/Llama-3.1-8B"),
        ("It is not trained from scratch: we start from Mistral-7B-v0.1.", "Mistral-7B-v0.1"),
        ("We used Falcon 7B as our base model.", "Falcon 7B"),
        ("- **Finetuned from model :** unsloth/llama-3-8b-bnb-4bit", "unsloth/llama-3-8b-bnb-4bit"),
        (
            "- Original model: [Zephyr](https://huggingface.co/HuggingFaceH4/zephyr-7b-beta)",
            "HuggingFaceH4/zephyr-7b-beta",
        ),
        ("| Base model | `Qwen/Qwen2.5-0.5B` |", "Qwen/Qwen2.5-0.5B"),
        ("<tr><td>Base model</td><td>org/base-7b</td></tr>", "org/base-7b"),
        ("4-bit AWQ quantization of org/base-7b, group size 128.", "org/base-7b"),
        (
            "This repo contains GGUF format model files for [Yi](https://huggingface.co/01-ai/Yi-34B/tree/main).",
            "01-ai/Yi-34B",
        ),
        ("本模型基于Qwen2.5-7B进行指令微调。", "Qwen2.5-7B"),
        ("このモデルは Mistral-7B-v0.1 をベースに追加学習したモデルです。", "Mistral-7B-v0.1"),
        ("이 모델은 Llama2를 기반으로 파인튜닝되었습니다.", "Llama2"),
        ("Ce modèle est une version fine-tunée de Wan2.1-T2V-14B.", "Wan2.1-T2V-14B"),
        ("Dieses Modell basiert auf Llama-2-13b-hf.", "Llama-2-13b-hf"),
        ("Este modelo está basado en Llama-2-7b-chat.", "Llama-2-7b-chat"),
        ("Questo modello è basato su Meta-Llama-3-8B.", "Meta-Llama-3-8B"),
        ("Este modelo é uma versão ajustada do google/gemma-2-2b.", "google/gemma-2-2b"),
        ("Эта модель основана на mistralai/Mistral-7B-v0.1.", "mistralai/Mistral-7B-v0.1"),
    ],
)
def test_a_named_base_is_read(sentence: str, base: str) -> None:
    assert bases(f"# Nova\n\n{sentence}\n") == [base]


@pytest.mark.parametrize(
    "sentence",
    [
        "Developers can fine-tune Gemma variants with this data set.",
        "To fine-tune Llama 2 yourself, see below.",
        "Fine-tune Llama-2-7b-hf on your own data.",
        "If it is based on Llama 2, its licence applies.",
        "The prompts were written by a model fine-tuned from Llama 2.",
        "The synthetic instructions come from a quantised version of Llama 3.1.",
        "Evaluation scripts are based on Llama 3 cookbook recipes.",
        "Next version: fine-tuning Gemma 2.",
        "It beats Zephyr, which is a fine-tuned version of mistralai/Mistral-7B-v0.1.",
        "The network is based on the Llama 2 architecture.",
        "Its tokenizer is based on that of Llama 2.",
        "It is not based on Llama 2.",
        "It is based on evaluations of Llama 2 and Gemma 2.",
        "Is it based on Llama 2?",
        "You can start from Mistral-7B-v0.1, too.",
        "A fine-tuned Llama 2 7B can answer such questions.",
        "Each model is based on Llama 2 7B.",
        "EXL3 quantization of the draft model for Qwen3.8-27B.",
        "Koala was fine-tuned from LLaMA-7B. It was based on LLaMA-7B.",
        "| Model | Base model |\n|---|---|\n| Vicuna | LLaMA |\n| Koala | LLaMA | 7B |",
        "- **Finetuned from model [optional]:** [More Information Needed]",
        "```\nNova is based on Llama 2.\n```",
        "## Citation\n\nNova is based on Llama 2.",
        "训练数据由基于Qwen2.5-7B的系统生成。",
        "アーキテクチャはLlama 2をベースにしています。",
        "Vous pouvez affiner Mistral-7B-v0.1 avec ce script.",
    ],
)
def test_a_sentence_on_something_else_names_no_base(sentence: str) -> None:
    assert bases(f"# Nova\n\n{sentence}\n") == []


def test_the_list_of_a_merge_names_every_model_and_no_path() -> None:
    card = (
        "# Mix\n\nThe following models were included in the merge:\n"
        "* [One](https://huggingface.co/a/one-7b)\n* b/two-7b\n* ./local/three\n* https://huggingface.co/c/four-7b\n\n"
        "We also like d/five-7b.\n"
    )
    assert bases(card) == ["a/one-7b", "b/two-7b", "c/four-7b"]


def test_the_quoted_card_of_the_base_speaks_of_the_base() -> None:
    card = "# Nova GPTQ\n\n- Original model: a/b-7b\n\n# Original model card: b\n\nThis model is based on c/d-7b.\n"
    assert bases(card) == ["a/b-7b"]


def test_another_models_name_that_begins_like_the_cards_own_is_another_model() -> None:
    assert bases("# Moon-7B-Bruno\n\nMoon-7B-Bruno is a fine-tune of org/Moon-7B.\n") == ["org/Moon-7B"]


def test_a_heading_in_html_is_the_cards_title() -> None:
    assert bases("<h1>Wren 7B</h1>\n\nWren-7B is a fine-tune of Llama-2-7b.\n") == ["Llama-2-7b"]


@pytest.mark.parametrize("repository", ["Orca-2-13b", "orca-2"])
def test_a_title_of_family_and_version_is_the_models_own_where_the_repository_is_called_so(repository: str) -> None:
    assert bases("# Orca 2\n\nOrca 2 is a finetuned version of LLAMA-2.\n", repository) == ["LLAMA-2"]
    assert bases("# Orca 2\n\nOrca 2 is a finetuned version of LLAMA-2.\n", "nova-7b") == []


def test_the_models_own_name_in_another_order_is_no_base() -> None:
    listed = "- Base Model: [RedPajama-INCITE-Base-7B-v0.1](https://huggingface.co/t/RedPajama-INCITE-Base-7B-v0.1)\n"
    assert bases(listed, "RedPajama-INCITE-7B-Base") == []
    assert bases(listed, "Nova-7B-Base") == ["t/RedPajama-INCITE-Base-7B-v0.1"]


def test_a_sentence_that_another_model_heads_speaks_of_that_one() -> None:
    assert bases("[a/b-7B-GPTQ](https://huggingface.co/a/b-7B-GPTQ) 对Nova-7B的GPTQ 4bit量化。", "Nova-7B") == []
    assert bases("Qwen2.5-7B 是基于 Llama-2-7b 微调的。", "Nova-7B") == []


def test_the_repository_is_called_by_its_name() -> None:
    assert bases("Nova is a fine-tune of org/base-7b.\n", "Nova") == ["org/base-7b"]
    assert bases("Nova is a fine-tune of org/base-7b.\n", "Other") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Yi\n\nThe Yi models are large language models trained from scratch by 01.AI.", 3),
        ("# Model\n\nIt was pre-trained\nfrom scratch on 3T tokens.", 4),
        ("# X-7B\n\nIt is good. **X-7B** was pretrained from scratch! It is small.", 3),
        ("We train a 7B model from scratch.", 1),
        ("- small\n- developed from-scratch by us\n- fast", 2),
        ("本模型由团队从零开始训练，效果好。", 1),
        ("本モデルはフルスクラッチで学習した。", 1),
        ("Ce modèle est entraîné à partir de zéro.", 1),
    ],
)
def test_training_from_scratch_is_quoted_with_its_line(text: str, line: int) -> None:
    assert scratch(text) == [line]


@pytest.mark.parametrize(
    "sentence",
    [
        "This model was not trained from scratch.",
        "It wasn't trained from scratch.",
        "Instead of training from scratch, we start from Llama 2.",
        "We fine-tuned it rather than having it trained from scratch.",
        "Unlike models trained from scratch, it inherits Llama's weights.",
        "They reduce the effort required to build from scratch.",
        "It uses a tokenizer trained from scratch.",
        "The section is your scratch space.",
        '"Trained from scratch" is said of the base.',
        "```\nmodel trained from scratch\n```",
        "Llama 2 was trained from scratch by Meta.",
        "The LM head was trained from scratch.",
        "Only the vision projector is trained from scratch.",
        "Our embedding layer was trained from scratch while the rest stayed frozen.",
        "We trained a tokenizer from scratch.",
        "You can train your own model from scratch.",
        "Le tokenizer a été entraîné à partir de zéro.",
    ],
)
def test_denials_and_other_things_are_passed_over(sentence: str) -> None:
    assert scratch(f"# Nova\n\n{sentence}\n") == []


def test_the_quote_is_the_sentence_and_bounded() -> None:
    (claim,) = claims_of_prose("It is new. It was trained\nfrom scratch. Enjoy.", "README.md")
    assert claim.value == "It was trained from scratch."
    (claim,) = claims_of_prose("It was trained from scratch " + "word " * 200, "README.md")
    assert len(claim.value) <= QUOTE_LIMIT


def test_a_card_of_nothing_but_openings_is_read_in_no_time() -> None:
    """Text made to be slow: many names, many brackets, no end of a sentence."""
    for part in (
        "[a](",
        "is a fine-tuned version of ",
        "a-1/b-2 ",
        "`",
        "<a href='",
        "the model is ",
        "基于Llama2",
        "|",
        "x-",
    ):
        claims_of_prose("# Nova\n\n" + part * (100_000 // len(part)), "README.md")


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real repositories beside the project")
@pytest.mark.parametrize(
    ("repo", "named", "from_scratch"),
    [
        ("01-ai+Yi", [], [109]),
        ("chengzeyi+vicuna-7b-delta-v0", ["LLaMA"], []),
        ("HuengchI+Atom-7B", ["Llama2-7B"], []),
        ("gmars+CodeFuse-CodeLlama-34B", ["CodeLlama-34b-Python"], []),
        ("CesarChaMal+Wizard-Vicuna-30B-Uncensored-GPTQ", ["ehartford/Wizard-Vicuna-30B-Uncensored"], []),
        ("YouriLalain+2PRYMMAL-Yi1.5-6B-SLERP", ["01-ai/Yi-1.5-6B-Chat", "01-ai/Yi-1.5-6B"], []),
        ("mapengAdam+qianwen-72B", [], []),
    ],
)
def test_real_cards(repo: str, named: list[str], from_scratch: list[int]) -> None:
    text = (REAL_REPOS / repo / "README.md").read_text(encoding="utf-8-sig")
    assert bases(text, repo) == named
    assert scratch(text) == from_scratch


@pytest.mark.parametrize(
    "sentence",
    [
        "Nova is a from-scratch implementation of Llama 2 in JAX.",
        "This model is a from-scratch PyTorch reimplementation; the weights are converted from Llama-2-7b.",
        "Nova was rewritten from scratch in Rust.",
        "The training code was developed from scratch.",
        "Our model was built from scratch with mergekit.",
        "This model was quantized from scratch with a new calibration set.",
        "We built the dataset from scratch.",
        "Nova's instruction data was created from scratch by annotators.",
        "We trained the LoRA from scratch on top of Llama-2-7b.",
        "Unlike models trained from scratch, Nova reuses Llama-2-7b.",
        "Nova is cheaper than training from scratch.",
        "We compare Nova with a baseline trained from scratch.",
        "Nova was trained from scratch? No, it starts from Llama-2-7b.",
        "Nova's vision encoder was trained from scratch.",
        "The classification head of this model is randomly initialised and trained from scratch.",
        "This model can be trained from scratch in two days.",
        "The model was fine-tuned, not trained from scratch.",
        "Training from scratch would take months, so we fine-tuned Llama-2-7b.",
        "We trained Nova from the scratch checkpoint of Llama-2-7b.",
        "We trained a tokenizer from scratch and then continued pretraining Llama-2-7b.",
        "Trained from scratch: no",
        "From scratch: False",
        "Is this model trained from scratch? No.",
        "Nova, a model that was made by people who once trained a model from scratch, is a fine-tune of Llama-2-7b.",
        "The base model, Llama-2-7b, was trained from scratch by Meta.",
        "It was trained from scratch by Meta and fine-tuned by us.",
        "Meta trained Llama-2-7b from scratch.",
        "They trained it from scratch; we only fine-tuned.",
        "EOS embedding was trained from scratch.",
        "Model type: fine-tuned (not from scratch)",
        "Nova is a retrained-from-scratch version of Alpaca.",
        "This repository contains a small GPT trained from scratch on Shakespeare for comparison.",
        "Nova is not a from-scratch model.",
        "Nova-7B-from-scratch is our control model.",
        "Trained from scratch on 2T tokens, the tokenizer covers 20 languages.",
        "Language models trained from scratch on small corpora need more epochs.",
        "A model trained from scratch on the same data is worse.",
    ],
)
def test_scratch_said_of_code_data_parts_and_others_is_not_said_of_the_model(sentence: str) -> None:
    assert scratch(f"# Nova\n\n{sentence}\n") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Nova was pretrained from scratch by us and then instruction-tuned.",
        "Nova is a from-scratch 1B model.",
        "It was trained from scratch by our team at Acme.",
        "Recursive weight-sharing language models trained from scratch on one machine.",
        "This repository contains the weights for a Bengali model trained from scratch.",
    ],
)
def test_scratch_said_by_its_own_makers_is_said_of_the_model(sentence: str) -> None:
    assert scratch(f"# Nova\n\n{sentence}\n") == [3]


@pytest.mark.parametrize(
    "sentence",
    [
        "Nova is an instruction-tuned Llama-3.1-8B.",
        "Nova is a continual pretrain of Llama-3.1-8B.",
        "Nova was SFT'd from Llama-3.1-8B.",
        "Nova, based on Llama-3.1-8B, answers questions on law.",
        "Built on top of Llama-3.1-8B.",
        "Nova inherits its weights from Llama-3.1-8B.",
        "The weights of Nova were initialised with those of Llama-3.1-8B.",
        "These are GGUF files of Llama-3.1-8B.",
        "LoRA weights to be used with Llama-3.1-8B.",
        "Nova is a frankenmerge of Llama-3.1-8B and Llama-3-8B.",
        "Llama-3.1-8B serves as the base of Nova.",
        "Llama-3.1-8B was fine-tuned on law to obtain Nova.",
        "By fine-tuning Llama-3.1-8B we obtained Nova.",
        "Nova ist ein Finetuning von Llama-3.1-8B.",
        "NovaはLlama-3.1-8Bをベースにしています。",
        "Nova는 Llama-3.1-8B 기반 모델입니다.",
        "A LoRA fine-tune of Llama-3.1-8B for code.",
        "Full-parameter fine-tune (FFT) of Llama-3.1-8B.",
        "A fine-tuned Llama-3.1-8B model for questions on law.",
        "A further fine-tuned checkpoint of Llama-3.1-8B.",
        "Llama-3.1-8B (8B parameters) fine-tuned so that questions find their paragraph.",
        "The weights of Llama-3.1-8B, repacked byte for byte.",
        "Quantized ONNX export of Llama-3.1-8B.",
        "A clone of Llama-3.1-8B.",
        "This is a LoRA adapter and pointer head for Llama-3.1-8B.",
        "This rank-16 LoRA adapter teaches Llama-3.1-8B a convention.",
        "The project utilizes the Llama-3.1-8B model from Meta as the base model.",
        "We are excited to release Nova, a small model built on the foundation of Llama-3.1-8B.",
        "Affiné à partir de meta-llama/Llama-3.1-8B en deux étapes, Nova répond en français.",
        "Llama-3.1-8B affiné pour le droit français.",
        "Nous publions Nova, un modèle affiné à partir de meta-llama/Llama-3.1-8B.",
        "Un adaptateur LoRA pour Llama-3.1-8B.",
        "El modelo es un merge a partir de meta-llama/Llama-3.1-8B.",
        "基于 meta-llama/Llama-3.1-8B 微调",
        "在Llama-3.1-8B上微调。",
        "Nova 是在 Llama-3.1-8B 上用 LoRA 微调的模型。",
        "基座模型为 Llama-3.1-8B。",
        "使用 Llama-3.1-8B 作为基座模型进行微调。",
        "模型基于Llama-3.1-8B全参数微调。",
    ],
)
def test_a_base_is_named_in_many_ways(sentence: str) -> None:
    assert {"Llama-3.1-8B", "meta-llama/Llama-3.1-8B"} & set(bases(f"# Nova\n\n{sentence}\n"))


@pytest.mark.parametrize(
    "sentence",
    [
        "Nova was distilled from Llama-3.1-70B-Instruct.",
        "Draft model for Llama-3.1-70B speculative decoding.",
        "Nova is compatible with the Llama 3 chat template.",
        "We thank Meta for Llama 2.",
        "It was trained on outputs of Qwen2.5-72B-Instruct.",
        "The reward model used in training is Skywork-Reward-Llama-3.1-8B.",
        "Nova outperforms Llama-2-7b fine-tuned on the same data.",
        "Unlike Llama 2, Nova is licensed under Apache 2.0.",
        "Nova is a sister of Nova-13B, which was fine-tuned from Llama-2-13b.",
        "It uses the tokenizer from Qwen2.5-7B.",
        "Its config is taken from Llama-3.2-1B.",
        "The token embeddings were initialised from Qwen2.5-0.5B.",
        "The text encoder is initialised from T5-v1.1-xxl.",
        "The vision tower comes from SigLIP-so400m.",
        "The audio was transcribed with a pipeline based on Whisper large v3.",
        "The demo Space is based on Llama-3-8B.",
        "Nova is the base model of choice for Llama-2 refugees.",
        "| Baseline | Llama-2-7b |\n|---|---|",
        "Nova follows the training recipe of Llama-2-7b.",
        "Nova has the same architecture as Mistral-7B-v0.1.",
        "Nova was evaluated against models fine-tuned from Llama-2-7b.",
        "If you fine-tuned Llama-2-7b before, Nova will feel familiar.",
        "An earlier release, Nova-v1, was based on Llama-2-7b; this one is not.",
        "The synthetic data was made by Mixtral-8x7B-Instruct, itself based on Mistral-7B-v0.1.",
        "Our judge is based on Llama-3-70B.",
        "Inspired by Llama-2-7b, Nova was trained from scratch.",
        "Nova will be fine-tuned from Llama-4 in the next version.",
        "A merge of Nova and Llama-2-7b is planned.",
        "Community quants of Nova by TheBloke are based on llama.cpp.",
        "Nova is not based on Llama-2-7b.",
        "Nova isn't a fine-tune of Llama-2-7b.",
        "Contrary to rumours, Nova was never derived from Llama-2-7b.",
        "Some say that Nova is a fine-tune of Llama-2-7b.",
        "Is Nova a fine-tune of Llama-2-7b? No.",
        "Nova can replace Llama-2-7b.",
        "Start from Llama-2-7b if you need English.",
        "See also: Nova-Chat, fine-tuned from Llama-2-7b-chat.",
        "Nova's code is a fork of the Llama 2 repository.",
        "Nova shares its vocabulary with GPT-NeoX-20B.",
        "Die Trainingsdaten stammen von Llama-2-7b.",
        "Nova wurde nicht auf Basis von Llama-2-7b trainiert.",
        "Contrairement à Llama-2-7b, Nova est entraîné à partir de zéro.",
        "Nova 与 Llama-2-7b 架构相同。",
        "Nova 不是基于 Llama-2-7b 的微调。",
        "训练数据由 Qwen2.5-72B 生成。",
        "評価データは Llama-3-8B をベースに作成しました。",
        "Nova は Llama-2-7b と同じアーキテクチャです。",
        "Los datos fueron generados por Llama-2-7b.",
        "Nova no está basado en Llama-2-7b.",
        "Данные созданы моделью Llama-2-7b.",
        "Nova не основана на Llama-2-7b.",
        "Nova não é baseado em Llama-2-7b.",
        "Nova는 Llama-2-7b와 같은 구조입니다.",
        "Nova는 Llama-2-7b 기반이 아닙니다.",
        "Nova non è basato su Llama-2-7b.",
        "Llama-2-7b fine-tuned on our data reaches 60 %, Nova 70 %.",
        "The weights of Llama-2-7b, converted to GGUF, can be used as a draft.",
        "Unlike Nova, a model built on Llama-2-7b forgets.",
        "We compare Nova, a 7B model, with a fine-tune of Llama-2-7b.",
        "An export of Llama-2-7b embeddings is in the folder.",
        "Adapter for Llama-2-7b's chat format.",
        "This project is based on LLaMA-Factory.",
        "The model is derived from the step-700 LoRA.",
        "Llama-2-7b affiné sur nos données atteint 60 %, Nova 70 %.",
        "Basé sur l'architecture de Llama-2-7b.",
        "我们在 Llama-2-7b 上做了对比实验，训练了分类器。",
        "您可以使用 Llama-2-7b 作为基座模型进行微调。",
        "与在 Llama-2-7b 上微调的模型相比，Nova 更好。",
        "使用 Qwen2.5-72B 作为教师模型生成训练数据。",
    ],
)
def test_a_model_that_is_named_for_another_reason_is_no_base(sentence: str) -> None:
    assert bases(f"# Nova\n\n{sentence}\n", "org/Nova") == []


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("org/Nova-v2", "Nova-v1 was fine-tuned from Llama-2-7b."),
        ("org/Nova-2-7B", "Nova-2-13B was fine-tuned from Llama-2-13b."),
        ("org/Nova-7B-Instruct", "Nova-7B-Chat was fine-tuned from Llama-2-7b."),
    ],
)
def test_another_model_of_the_series_is_not_the_cards_own(own: str, sentence: str) -> None:
    assert bases(f"# {own.removeprefix('org/')}\n\n{sentence}\n", own) == []
