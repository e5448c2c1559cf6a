"""A GGUF language model as transformers holds it, and GGUF files made anew with other types."""

from __future__ import annotations

from pathlib import Path

from benchmarks.training.publishing import replaced_when_complete

_QUANTISED = 32
"""Numbers that share a scale in the types below; rows of other lengths stay as they are."""


def as_floats(gguf: Path, folder: Path) -> Path:
    """Write a GGUF file's weights as bfloat16 safetensors, with tokenizer and configuration, unless they are there."""
    if folder.exists():
        return folder
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16)
    # What was read is plain floats now; transformers refuses to write what it still calls quantised.
    model.hf_quantizer = None
    del model.config.quantization_config
    with replaced_when_complete(folder) as partial:
        model.save_pretrained(partial)
        AutoTokenizer.from_pretrained(**where).save_pretrained(partial)
    return folder


def requantised(gguf: Path, target: Path, type_name: str) -> None:
    """Write a GGUF file with every matrix in another type."""
    import gguf as ggml

    reader = ggml.GGUFReader(gguf)
    architecture = reader.get_field("general.architecture")
    assert architecture is not None, "every GGUF file states one"
    writer = ggml.GGUFWriter(target, architecture.contents())
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            inner = field.types[-1] if field.types[0] is ggml.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    wanted = ggml.GGMLQuantizationType[type_name]
    for tensor in reader.tensors:
        values = ggml.quants.dequantize(tensor.data, tensor.tensor_type)
        if values.ndim > 1 and values.shape[-1] % _QUANTISED == 0:
            writer.add_tensor(tensor.name, ggml.quants.quantize(values, wanted), raw_dtype=wanted)
        else:
            writer.add_tensor(tensor.name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
