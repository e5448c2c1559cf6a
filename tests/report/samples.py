"""Reports and an inspection with realistic values, one for each relation."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.results import (
    ArchitectureFinding,
    ClaimSummary,
    Comparisons,
    Control,
    ControlledNumber,
    Coverage,
    DeviationCurve,
    DifferenceHistogram,
    Evidence,
    FieldComparison,
    Inspection,
    LayerEvidence,
    LayerRow,
    ModelSummary,
    NamesFinding,
    Operation,
    PairCoverage,
    PartSummary,
    PromptingFinding,
    QuotedFigures,
    Rename,
    Report,
    RoleDelta,
    RoleSummary,
    TemplateChange,
    TokenizerFinding,
    UnreadModel,
    Verdict,
    WeightsFinding,
)

LAYERS = 32
DISTILLATION = "Distillation leaves no trace in the weights, so none can be seen or excluded here."

PARENT = ModelSummary(
    ref="meadow-ai/prairie-7b",
    revision="01c7f73d771dfac7d292323805ebc428287df4f9",
    digest="sha256:8b1f0c0f5e1f4f4ad1ccf6f93e1ba0f2e4a5a2f7d0a1f8c9b7e6d5c4b3a29180",
    format="safetensors (bfloat16)",
    architecture="LlamaForCausalLM",
    parameters=6_738_415_616,
    layers=LAYERS,
    bytes_read=26_411_008,
    license="llama2",
    base_models=(),
)
FINE_TUNE = replace(
    PARENT,
    ref="orchard/prairie-7b-chat",
    revision="f5db02db724555f92da89c216ac04704f23d4590",
    digest="sha256:0d9c8b7a69584736251403f2e1d0cfbeadbc9b8a7968574635241302f1e0dfce",
    license="apache-2.0",
    base_models=("meadow-ai/prairie-7b",),
)
RENAMED = replace(
    PARENT,
    ref="summit-labs/Ridge-34B",
    revision="7c0b9a2d4e6f80123456789abcdef0123456789a",
    digest="sha256:77aa66bb55cc44dd33ee22ff1100998877665544332211ffeeddccbbaa998877",
    architecture="RidgeForCausalLM",
    parameters=34_388_917_248,
    layers=60,
    license="ridge-community",
)
LOCAL = replace(
    PARENT,
    ref="./checkpoints/prairie-7b-Q4_K_M.gguf",
    revision=None,
    digest="sha256:aa00bb11cc22dd33ee44ff5566778899aa00bb11cc22dd33ee44ff5566778899",
    format="gguf (Q4_K, Q6_K)",
    architecture="llama",
    license=None,
)


def _field(name: str, a: str | None, b: str | None) -> FieldComparison:
    origins = tuple(None if value is None else f"config.json:{name}" for value in (a, b))
    if a is None or b is None:
        return FieldComparison(name, a, b, "only-b" if a is None else "only-a", *origins)
    return FieldComparison(name, a, b, "equal" if a == b else "different", *origins)


SAME_ARCHITECTURE = ArchitectureFinding(
    "The same architecture: all 12 fields are equal.",
    tuple(
        _field(name, value, value)
        for name, value in (
            ("layers", "32"),
            ("hidden_size", "4096"),
            ("ffn_size", "11008"),
            ("heads", "32"),
            ("kv_heads", "32"),
            ("head_size", "128"),
            ("vocabulary_size", "32000"),
            ("activation", "silu (gated)"),
            ("norm", "rms"),
            ("norm_epsilon", "1e-05"),
            ("rope_theta", "10000"),
            ("tied_embeddings", "false"),
        )
    ),
)
SAME_NAMES = NamesFinding("All 291 tensors have the same name.", 291, 0, (), (), (), 0, 0)
SAME_TOKENIZER = TokenizerFinding(
    "The same tokenizer: 32,000 of 32,000 tokens have the same id.",
    32_000,
    32_000,
    32_000,
    32_000,
    1.0,
    1.0,
    True,
    (),
    (),
)


def _test(test_id: str, question: str, finding: str, **values: object) -> Evidence:
    test = Evidence(
        test_id=test_id,
        question=question,
        status="measured",
        reason=None,
        statistic=None,
        log10_p=None,
        null="A and B were trained independently; the sign of each unit is a fair coin (Hoeffding)",
        grade="exact",
        effect=None,
        finding=finding,
        count=0,
        coverage=0.0,
        detection_limit=None,
    )
    return replace(test, **values)  # type: ignore[arg-type]


def _skipped(test_id: str, question: str, reason: str) -> Evidence:
    return _test(test_id, question, "", status="skipped", reason=reason)


FFN_QUESTION = "Do FFN units that match by their gate agree in the sign of up and down?"
HEAD_QUESTION = "Do v-dimensions and o-columns of matched heads agree in sign?"
FIXED_QUESTION = "Does each FFN unit of B match the unit with the same number in A best?"
QUANT_QUESTION = "Do the weights of B lie on a quantisation grid around A?"

DERIVED_EVIDENCE = (
    _test(
        "ffn-signs",
        FFN_QUESTION,
        "8,192 of 8,192 FFN units agree in sign with their match in A; chance gives half.",
        statistic=16_318.4,
        log10_p=-1778.6,
        effect=0.9961,
        count=8192,
        coverage=0.0234,
        detection_limit=0.0102,
        per_layer=tuple(LayerEvidence(layer, 256, 509.9 - layer, 0.9961, -55.2) for layer in range(LAYERS)),
    ),
    _test(
        "vo-signs",
        HEAD_QUESTION,
        "4,096 of 4,096 v-dimensions agree in sign with their match in A.",
        statistic=8144.0,
        log10_p=-612.4,
        effect=0.9943,
        count=4096,
        coverage=0.0117,
        detection_limit=0.0144,
    ),
    _test(
        "ffn-fixed-points",
        FIXED_QUESTION,
        "8,192 of 8,192 FFN units best match the unit with the same number; chance gives 32.",
        statistic=8192.0,
        log10_p=-15_944.2,
        effect=1.0,
        count=8192,
        coverage=0.0234,
        null="the numbering of units is exchangeable, one fixed point a layer is expected",
    ),
    _skipped("quantisation-grid", QUANT_QUESTION, "B is stored in bfloat16, the same as A"),
)

_COVERED = (
    Coverage("language_model", None, 225, 211_580_928, 423_161_856, "model.embed_tokens.weight"),
    Coverage(
        "language_model",
        "beyond the sample that was read",
        290,
        6_526_835_712,
        13_053_671_424,
        "model.embed_tokens.weight",
    ),
)

DERIVED = Report(
    tool_version="0.1.0",
    a=PARENT,
    b=FINE_TUNE,
    effort="sample",
    parameters={"seed": 0, "rows": 256, "level": 1e-6, "effort": "auto"},
    seconds=3.21,
    verdict=Verdict(
        relation="derived",
        direction="a->b",
        summary="B derives from A: it is a fine-tune of A that changed every matrix a little.",
        grade="exact",
        log10_p=-15_943.7,
        derived_share=0.9981,
        explained_variance=0.9864,
        copied_share=0.0004,
        detection_limit=0.0102,
        operations=(
            Operation(
                "fine-tuned",
                "all 224 matrices moved by 1.2% of their size, norm gains by 0.3%",
                "relative delta by role, slope of B on A 1.001 and of A on B 0.993",
            ),
        ),
        caveats=(
            "The direction rests on slopes alone; a sibling that stayed near the parent would look alike.",
            DISTILLATION,
        ),
        excluded=("b->a",),
    ),
    architecture=SAME_ARCHITECTURE,
    names=SAME_NAMES,
    tokenizer=replace(
        SAME_TOKENIZER,
        summary="The same tokenizer with 2 tokens added: 32,000 of 32,000 tokens have the same id.",
        b_size=32_002,
        added_only_b=("<|im_start|>", "<|im_end|>"),
    ),
    weights=WeightsFinding(
        "Every layer of B is its layer of A, moved by about 1.2%.",
        0.0314,
        (
            RoleDelta("embed", 4_194_304, 0.99991, 0.0041, 0.0123, 0.99993),
            RoleDelta("q", 33_554_432, 0.9983, 0.0581, 0.00002, 0.9984),
            RoleDelta("o", 33_554_432, 0.9971, 0.0764, 0.0, 0.9972),
            RoleDelta("gate", 33_554_432, 0.9962, 0.0872, 0.0, 0.9961),
            RoleDelta("norms", 266_240, 0.9921, 0.0031, 0.1042, None),
        ),
        tuple(LayerRow(b, b, 0.9991 - 0.0002 * b, -55.6, 0.0412 + 0.002 * b, 0.0001) for b in range(LAYERS)),
    ),
    evidence=DERIVED_EVIDENCE,
    coverage=PairCoverage(*(_COVERED, _COVERED)),
    prompting=PromptingFinding(
        summary="chat templates: 1 changed (default); generation settings: 1 changed (temperature)",
        templates=(
            FieldComparison(
                "chat_template default",
                "sha256:0123456789abcdef (1,204 characters)",
                "sha256:fedcba9876543210 (1,251 characters)",
                "different",
                "tokenizer_config.json",
                "chat_template.jinja",
            ),
        ),
        settings=(
            FieldComparison(
                "temperature", "0.6", "0.7", "different", "generation_config.json", "generation_config.json"
            ),
        ),
        changes=(TemplateChange("default", 12, "{{ message.content }}", "{{ message.content }} Visit us.", 2),),
    ),
    controls=(
        ControlledNumber(
            "norm-cosine",
            "mean cosine of the gains of the same norm in both models, not centred",
            0.9991,
            (
                Control("A's norms and B's of other layers", "here", 0.981, 0.998, 992),
                Control("independent models of bases.library", "library", 0.97, 0.9993, 24),
                Control("two models, trained apart", "published", 0.989, 0.989, 1, "https://example.org/norms"),
            ),
            "tells nothing: independent models of bases.library give 0.999",
        ),
        ControlledNumber("raw-cosine", "cosine of all matrices of the layers", None, (), "cannot be told of these two"),
    ),
    quoted=QuotedFigures(
        DifferenceHistogram((-3.0, -1.0, 1.0, 3.0), (0.001, 0.998, 0.001), (0.2, 0.5, 0.2)),
        (DeviationCurve("q", (0, 1, 2), (0.021, 0.022, 0.024), (0.021, 0.0221, 0.0242)),),
    ),
)

INDEPENDENT = Report(
    tool_version="0.1.0",
    a=PARENT,
    b=RENAMED,
    effort="search",
    parameters={"seed": 0, "rows": 1024, "level": 1e-6, "effort": "auto"},
    seconds=148.6,
    verdict=Verdict(
        relation="independent",
        direction="undetermined",
        excluded=(),
        summary="B shares A's architecture under new names, and none of its weights.",
        grade="exact",
        log10_p=-0.37,
        derived_share=0.0,
        explained_variance=0.00006,
        copied_share=0.0,
        detection_limit=0.0084,
        operations=(),
        caveats=(DISTILLATION,),
    ),
    architecture=ArchitectureFinding(
        "The same design with other sizes: 6 of 12 fields are equal, the block is the one of Llama.",
        (
            *SAME_ARCHITECTURE.fields[7:],
            _field("head_size", "128", "128"),
            _field("heads", "32", "56"),
            _field("kv_heads", "32", "8"),
            _field("layers", "32", "60"),
            _field("vocabulary_size", "32000", "64000"),
            _field("hidden_size", "4096", "7168"),
            _field("sliding_window", None, "4096"),
        ),
    ),
    names=NamesFinding(
        "120 of 543 tensors have other names for the same role: two norms of every layer were renamed.",
        423,
        120,
        (),
        (),
        (
            Rename(
                "attention-norm",
                "model.layers.{L}.input_layernorm.weight",
                "model.layers.{L}.ln1.weight",
                60,
                "input_layernorm became ln1 in all 60 layers",
            ),
            Rename(
                "ffn-norm",
                "model.layers.{L}.post_attention_layernorm.weight",
                "model.layers.{L}.ln2.weight",
                60,
                "post_attention_layernorm became ln2 in all 60 layers",
            ),
        ),
        0,
        120,
    ),
    tokenizer=TokenizerFinding(
        "Another tokenizer: 21,412 tokens are in both, 9 of them with the same id.",
        32_000,
        64_000,
        21_412,
        9,
        0.6691,
        0.4127,
        False,
        (),
        ("<|startoftext|>", "<|endoftext|>", "<|Human|>", "<|Assistant|>", "<|System|>"),
    ),
    weights=WeightsFinding(
        "No layer of B has more in common with a layer of A than chance allows.",
        0.1127,
        (
            RoleDelta("q", 62_914_560, 0.0004, 1.4127, 0.0, 0.0002),
            RoleDelta("gate", 62_914_560, -0.0003, 1.3914, 0.0, 0.0001),
        ),
        tuple(LayerRow(b, b * 32 // 60, 0.0007 - 0.00002 * b, -0.21, 1.41, 0.0) for b in range(60)),
    ),
    evidence=(
        _test(
            "ffn-signs",
            FFN_QUESTION,
            "30,733 of 61,440 FFN units agree in sign with their match in A; chance gives half.",
            statistic=41.3,
            log10_p=-0.3701,
            effect=0.00037,
            count=61_440,
            coverage=0.1014,
            detection_limit=0.0084,
        ),
        _test(
            "vo-signs",
            HEAD_QUESTION,
            "No agreement beyond chance.",
            statistic=-3.1,
            log10_p=0.0,
            effect=-0.0011,
            count=7680,
            coverage=0.0211,
            detection_limit=0.0219,
        ),
        replace(
            _skipped("channel-signs", "Do residual channels match?", "B is wider than A"),
            status="not-applicable",
        ),
    ),
)

IDENTICAL = replace(
    DERIVED,
    b=LOCAL,
    a=replace(PARENT, format="safetensors (float16)"),
    effort="full",
    seconds=64.0,
    verdict=replace(
        DERIVED.verdict,
        relation="identical",
        direction="undetermined",
        excluded=(),
        summary="B holds the same weights as A in another file format.",
        derived_share=1.0,
        explained_variance=1.0,
        copied_share=1.0,
        operations=(Operation("renamed-tensors", "291 tensors have GGUF names", "tensor names"),),
        caveats=(),
    ),
)

UPSCALED_ROWS = tuple(
    LayerRow(b, None if b == 47 else (b if b < 24 else b - 16), 0.97 - 0.004 * b, -50.0, 0.2, 0.0) for b in range(48)
)
UPSCALED = replace(
    DERIVED,
    prompting=None,
    b=replace(FINE_TUNE, ref="orchard/prairie-10.7b", parameters=10_731_524_096, layers=48),
    verdict=replace(
        DERIVED.verdict,
        summary="B derives from A: 16 layers of A stand in it twice, and it was trained on.",
        explained_variance=0.7713,
        operations=(
            Operation("layers-duplicated", "layers 8 to 23 of A occur twice", "layer alignment"),
            Operation("continued-pretrained", "matrices moved by 31% of their size", "relative delta"),
            Operation("cast", "float16 became bfloat16", "dtypes"),
        ),
    ),
    weights=replace(DERIVED.weights, layers=UPSCALED_ROWS),
)

SHARED_ORIGIN = replace(
    DERIVED,
    b=replace(FINE_TUNE, ref="orchard/twin-7b", base_models=()),
    verdict=replace(
        DERIVED.verdict,
        relation="shared-origin",
        direction="undetermined",
        excluded=(),
        summary="A and B grew from one initialisation and were trained apart.",
        explained_variance=0.2714,
        copied_share=0.0,
        operations=(),
        caveats=(
            "Matrices correlate at 0.52 while norm gains do not (0.03): one initialisation, two trainings.",
            DISTILLATION,
        ),
        cause="initialisation",
    ),
    weights=replace(
        DERIVED.weights,
        summary="Every layer of B correlates with its layer of A at about 0.5.",
        layers=tuple(LayerRow(b, b, 0.55 - 0.003 * b, -41.0, 0.96, 0.0) for b in range(LAYERS)),
    ),
)

INCONCLUSIVE = replace(
    INDEPENDENT,
    a=replace(PARENT, revision=None, bytes_read=41_203),
    b=replace(RENAMED, bytes_read=812, format="pickle", license=None),
    effort="metadata",
    seconds=0.04,
    verdict=Verdict(
        relation="inconclusive",
        direction="undetermined",
        excluded=(),
        summary="The weights were not compared: B's only shard is a pickle that asks for code.",
        grade="calibrated",
        log10_p=None,
        derived_share=None,
        explained_variance=None,
        copied_share=None,
        detection_limit=None,
        operations=(),
        caveats=("Nothing here speaks for or against a relation of the weights.",),
    ),
    weights=WeightsFinding("Not compared.", 0.0, (), ()),
    evidence=(_skipped("ffn-signs", FFN_QUESTION, "no tensor of B could be read"),),
    tokenizer=TokenizerFinding("B has no tokenizer.", 32_000, 0, 0, 0, None, None, None, (), ()),
)

DEEP = replace(
    DERIVED,
    b=replace(FINE_TUNE, layers=126),
    weights=replace(DERIVED.weights, layers=tuple(LayerRow(b, b, 1.0 - b / 126, -9.0, 0.1, 0.0) for b in range(126))),
)

REPORTS = {
    "identical": IDENTICAL,
    "derived": DERIVED,
    "upscaled": UPSCALED,
    "shared-origin": SHARED_ORIGIN,
    "independent": INDEPENDENT,
    "inconclusive": INCONCLUSIVE,
    "deep": DEEP,
}

INSPECTION = Inspection(
    tool_version="0.1.0",
    model=RENAMED,
    fields=(
        ("layers", "60", "config.json:num_hidden_layers"),
        ("hidden_size", "7168", "config.json:hidden_size"),
        ("ffn_size", "20480", "config.json:intermediate_size"),
        ("heads", "56", "config.json:num_attention_heads"),
        ("kv_heads", "8", "config.json:num_key_value_heads"),
        ("vocabulary_size", "64000", "tensor shapes"),
    ),
    other_fields=(("auto_map", '{"AutoModel": "modeling_ridge.RidgeModel"}'), ("use_cache", "true")),
    parts=(
        PartSummary("language_model", 60, 542, 34_388_917_248),
        PartSummary("vision_tower", 6, 98, 412_000_000),
    ),
    roles=(
        RoleSummary(
            "language_model", "embed", 1, 458_752_000, "model.embed_tokens.weight", (64_000, 7168), ("bfloat16",), False
        ),
        RoleSummary(
            "language_model",
            "q",
            60,
            3_082_813_440,
            "model.layers.{L}.self_attn.q_proj.weight",
            (7168, 7168),
            ("bfloat16",),
            False,
        ),
        RoleSummary(
            "language_model",
            "gate",
            60,
            8_808_038_400,
            "model.layers.{L}.mlp.gate_proj.weight",
            (20_480, 7168),
            ("bfloat16",),
            False,
        ),
        RoleSummary(
            "language_model", "norms", 120, 860_160, "model.layers.{L}.ln1.weight", (7168,), ("float32",), True
        ),
        RoleSummary(
            "vision_tower",
            "vision",
            98,
            412_000_000,
            "vision_tower.blocks.{L}.mlp.fc1.weight",
            (64,),
            ("bfloat16",),
            False,
        ),
    ),
    unmapped=("model.layers.0.extra.scale",),
    dtypes={"float32": 860_160, "bfloat16": 34_388_057_088},
    quantization=(),
    tokenizer="sentencepiece BPE with 64,000 tokens, 5 of them added.",
    claims=(
        ClaimSummary("license", "ridge-community", "README.md:3 license"),
        ClaimSummary("license", "Apache License 2.0", "LICENSE"),
        ClaimSummary("base-model", "summit-labs/Ridge-34B-base", "README.md:7 base_model"),
    ),
    caveats=("The repository asks for its own modelling code, which was not run.",),
)

MANY = Comparisons(
    tool_version="0.1.0",
    a=PARENT,
    reports=(INDEPENDENT, DERIVED),
    unread=(UnreadModel("summit-labs/Gone-7B", "summit-labs/Gone-7B: no such repository on the Hub"),),
    seconds=2.5,
)
