"""Which descendants each half has, as data: rows of parents and the recipes that are applied to them.

A descendant is called after its first parent and its recipe: ``llama-1_light_hidden-rotated``. Disguises alone, all
together (``hidden-...``) and on top of a fine-tune stand beside every kind of surgery, spread over the families.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Every recipe is applied to the parents (all together) and makes one model."""

    parents: tuple[str, ...]
    recipes: tuple[str, ...]


def _row(parents: str, recipes: str) -> Row:
    return Row(tuple(parents.split()), tuple(recipes.split()))


THRESHOLD: tuple[Row, ...] = (
    _row(
        "llama-1", "light heavy continued lora-4 lora-16 pruned up-scaled upcycled revocabularied ffns-only distilled"
    ),
    _row("llama-1", "dropped doubled extended int8 int4 bfloat16 float16 noise-1 noise-10 ablated"),
    _row("llama-1", "units rescaled signs heads channels rotated renamed fused hidden-permuted hidden-rotated"),
    _row("llama-1 llama-1_light llama-1_heavy", "linear ties"),
    _row("llama-1 llama-2", "stacked"),
    _row("llama-1_light", "units hidden-rotated hidden-permuted int8"),
    _row("llama-1_continued", "hidden-rotated"),
    _row("llama-1_up-scaled", "hidden-permuted"),
    _row("llama-1_pruned", "units"),
    _row("llama-1_upcycled", "units"),
    _row("llama-1_lora-16", "hidden-rotated"),
    _row("llama-1_dropped", "hidden-rotated"),
    _row("llama-2", "light hidden-permuted hidden-rotated"),
    _row("gpt2-1", "light heavy continued lora-4 lora-16 pruned-ffn up-scaled revocabularied ffns-only distilled"),
    _row("gpt2-1", "dropped doubled extended int8 int4 bfloat16 noise-1 ablated"),
    _row("gpt2-1", "units attention-signs heads channels renamed hidden-plain"),
    _row("gpt2-1 gpt2-1_light gpt2-1_heavy", "slerp dare"),
    _row("gpt2-1 gpt2-2", "stacked"),
    _row("gpt2-1_light", "units hidden-plain int4"),
    _row("gpt2-1_continued", "hidden-plain"),
    _row("gpt2-1_up-scaled", "hidden-plain"),
    _row("gpt2-1_revocabularied", "units"),
    _row("gpt2-1_lora-4", "heads"),
    _row("gpt2-2", "light hidden-plain"),
    _row("mistral-1", "light heavy continued-twice lora-4 lora-16 pruned up-scaled upcycled extended-tuned two-layers"),
    _row("mistral-1", "dropped int4 float16 float32 noise-10 ablated"),
    _row("mistral-1", "rescaled signs heads folded rotated fused hidden-permuted hidden-rotated"),
    _row("mistral-1 mistral-1_light mistral-1_heavy", "slerp dare"),
    _row("mistral-1 mistral-2", "stacked"),
    _row("mistral-1_heavy", "hidden-rotated rescaled"),
    _row("mistral-1_continued-twice", "hidden-permuted"),
    _row("mistral-2", "hidden-permuted hidden-rotated"),
    _row("qwen2-1", "light heavy continued lora-16 pruned-ffn dropped-healed upcycled-finely"),
    _row("qwen2-1", "doubled extended int8 noise-1"),
    _row(
        "qwen2-1", "unit-signs channel-signs units heads channels rotated renamed fused hidden-permuted hidden-rotated"
    ),
    _row("qwen2-1 qwen2-1_light qwen2-1_heavy", "linear"),
    _row("qwen2-1_light", "hidden-rotated heads"),
    _row("qwen2-1_pruned-ffn", "hidden-permuted"),
    _row("qwen2-1_upcycled-finely", "units"),
    _row("qwen2-2", "light hidden-permuted hidden-rotated"),
    _row("gemma-1", "light heavy continued-twice lora-4 pruned dropped-healed revocabularied"),
    _row("gemma-1", "dropped extended int8 int4 bfloat16 ablated"),
    _row("gemma-1", "units rescaled signs channels folded rotated hidden-permuted hidden-rotated"),
    _row("gemma-1 gemma-1_light gemma-1_heavy", "ties"),
    _row("gemma-1_heavy", "hidden-rotated channels"),
    _row("gemma-1_revocabularied", "channels"),
    _row("gemma-2", "hidden-permuted hidden-rotated"),
    _row("neox-1", "light heavy continued-twice lora-16 pruned-ffn up-scaled two-layers"),
    _row("neox-1", "dropped doubled int8 int4 bfloat16 noise-10"),
    _row("neox-1", "units attention-signs heads channels renamed hidden-plain"),
    _row("neox-1 neox-1_light neox-1_heavy", "linear dare"),
    _row("neox-1_heavy", "hidden-plain"),
    _row("neox-2", "hidden-plain"),
    _row("mixtral-1", "light heavy continued"),
    _row("mixtral-1", "dropped doubled extended int8 int4 float16 noise-1"),
    _row("mixtral-1", "units signs heads experts rotated renamed fused hidden-permuted hidden-rotated"),
    _row("mixtral-1 mixtral-1_light mixtral-1_heavy", "linear ties"),
    _row("mixtral-1 mixtral-2", "stacked"),
    _row("mixtral-1_light", "hidden-rotated experts"),
    _row("mixtral-2", "hidden-permuted hidden-rotated"),
)

REPORT: tuple[Row, ...] = (
    _row(
        "llama-1",
        "light heavy continued-twice lora-4 lora-16 pruned up-scaled upcycled-finely extended-tuned two-layers",
    ),
    _row("llama-1", "dropped doubled int8 int4 float16 float32 noise-1 noise-10 ablated"),
    _row("llama-1", "units rescaled signs heads channels rotated renamed fused hidden-permuted hidden-rotated"),
    _row("llama-1 llama-1_light llama-1_heavy", "slerp dare"),
    _row("llama-1 llama-2", "stacked"),
    _row("llama-1_light", "rescaled hidden-rotated hidden-permuted int4"),
    _row("llama-1_continued-twice", "hidden-rotated"),
    _row("llama-1_up-scaled", "hidden-rotated"),
    _row("llama-1_pruned", "hidden-permuted"),
    _row("llama-1_lora-4", "heads"),
    _row("llama-1_dropped", "hidden-permuted"),
    _row("llama-2", "light hidden-permuted hidden-rotated"),
    _row(
        "gpt2-1",
        "light heavy continued-twice lora-4 lora-16 pruned-ffn dropped-healed revocabularied two-layers distilled",
    ),
    _row("gpt2-1", "dropped doubled extended int8 int4 float16 noise-10 ablated"),
    _row("gpt2-1", "units attention-signs heads channels renamed hidden-plain"),
    _row("gpt2-1 gpt2-1_light gpt2-1_heavy", "linear ties"),
    _row("gpt2-1 gpt2-2", "stacked"),
    _row("gpt2-1_light", "heads hidden-plain int8"),
    _row("gpt2-1_continued-twice", "hidden-plain"),
    _row("gpt2-1_dropped-healed", "hidden-plain"),
    _row("gpt2-2", "light hidden-plain"),
    _row("mistral-1", "light heavy continued lora-4 lora-16 pruned dropped-healed upcycled revocabularied distilled"),
    _row("mistral-1", "dropped extended int8 int4 bfloat16 noise-1 ablated"),
    _row("mistral-1", "units rescaled signs heads channels folded rotated fused hidden-permuted hidden-rotated"),
    _row("mistral-1 mistral-1_light mistral-1_heavy", "linear ties"),
    _row("mistral-1_heavy", "hidden-rotated units"),
    _row("mistral-1_upcycled", "hidden-permuted units"),
    _row("mistral-1_revocabularied", "units"),
    _row("mistral-2", "hidden-permuted hidden-rotated"),
    _row("qwen2-1", "light heavy continued lora-4 pruned up-scaled upcycled-finely ffns-only"),
    _row("qwen2-1", "dropped doubled extended int4 bfloat16 float16 noise-10 ablated"),
    _row("qwen2-1", "rescaled signs heads channels folded rotated renamed fused hidden-permuted hidden-rotated"),
    _row("qwen2-1 qwen2-1_light qwen2-1_heavy", "slerp dare"),
    _row("qwen2-1 qwen2-2", "stacked"),
    _row("qwen2-1_heavy", "hidden-permuted channels"),
    _row("qwen2-1_continued", "hidden-rotated"),
    _row("qwen2-1_upcycled-finely", "units"),
    _row("qwen2-2", "hidden-permuted hidden-rotated"),
    _row("gemma-1", "light heavy continued lora-16 pruned-ffn up-scaled extended-tuned"),
    _row("gemma-1", "dropped doubled int8 float16 noise-1"),
    _row(
        "gemma-1",
        "unit-signs attention-signs channel-signs units channels rotated renamed hidden-permuted hidden-rotated",
    ),
    _row("gemma-1 gemma-1_light gemma-1_heavy", "linear dare"),
    _row("gemma-1 gemma-2", "stacked"),
    _row("gemma-1_light", "hidden-rotated signs"),
    _row("gemma-2", "hidden-permuted hidden-rotated"),
    _row("neox-1", "light heavy continued lora-4 pruned-ffn dropped-healed revocabularied"),
    _row("neox-1", "dropped doubled extended int8 int4 bfloat16 noise-10 ablated"),
    _row("neox-1", "units attention-signs heads channels renamed hidden-plain"),
    _row("neox-1 neox-1_light neox-1_heavy", "ties slerp"),
    _row("neox-1 neox-2", "stacked"),
    _row("neox-1_light", "hidden-plain"),
    _row("neox-1_continued", "hidden-plain"),
    _row("neox-1_revocabularied", "channels"),
    _row("neox-1_lora-4", "units"),
    _row("neox-2", "hidden-plain"),
    _row("mixtral-1", "light heavy continued"),
    _row("mixtral-1", "dropped extended int8 bfloat16 noise-10 ablated"),
    _row("mixtral-1", "units signs heads experts channels rotated hidden-permuted hidden-rotated"),
    _row("mixtral-1 mixtral-1_light mixtral-1_heavy", "linear ties"),
    _row("mixtral-1_heavy", "hidden-rotated"),
    _row("mixtral-2", "hidden-permuted hidden-rotated"),
)

SIBLINGS: tuple[Row, ...] = (
    _row("llama-1", "light heavy lora-4 up-scaled extended-tuned"),
    _row("llama-1", "dropped doubled extended int8 int4 bfloat16 noise-10 ablated"),
    _row("llama-1", "signs rotated hidden-permuted"),
    _row("llama-1 llama-1_light llama-1_heavy", "linear ties"),
    _row("llama-1_light", "dropped extended int4 hidden-rotated pruned-ffn"),
    _row("llama-1_heavy", "doubled int8 hidden-permuted"),
    _row("qwen2-1", "light heavy lora-4 pruned-ffn up-scaled upcycled-finely"),
    _row("qwen2-1", "dropped extended int4 float16 ablated noise-10"),
    _row("qwen2-1", "channels folded"),
    _row("qwen2-1 qwen2-1_light qwen2-1_heavy", "slerp dare"),
    _row("qwen2-1_light", "doubled int8 hidden-rotated extended-tuned"),
    _row("qwen2-1_heavy", "dropped"),
)
