"""Words that people put into tensor names, and the role each one hints at."""

from __future__ import annotations

from enum import StrEnum

from lineage_audit.checkpoint.roles import Role


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Place(StrEnum):
    """Where in the architecture a name says the tensor sits."""

    OUTSIDE = "outside"
    LAYER = "layer"
    ATTENTION = "attention"
    FFN = "ffn"


PLACES: dict[Place, frozenset[str]] = {
    Place.ATTENTION: _words(
        "attn att attention attend attending atten selfattn selfattention self sa mha gqa mqa mixer mixing heads"
    ),
    Place.FFN: _words("ffn mlp ff feedforward feed forward ffw glu swiglu geglu ffnn expert experts moe pwff fcn"),
}
"""Words of a path that say which half of a layer a tensor is in."""

FILLERS = _words("proj projection projector linear lin dense matrix mat mats weights kernel param params w fc layer to")
"""Words that say nothing of the role where another word does."""

NORMS = _words("norm norms ln lnorm layernorm rmsnorm rms rmsn lnf lns gain scale gamma")
"""Words for a norm."""

HINTS: dict[Place, dict[Role, frozenset[str]]] = {
    Place.OUTSIDE: {
        Role.EMBED: _words("emb embs embed embeds embedding embeddings embedder embd tok token tokens wte lookup"),
        Role.POSITION_EMBED: _words("pos position positions positional wpe posemb"),
        Role.LM_HEAD: _words("head lmhead output out logits logit unembed unembedding unemb decoder readout predictor"),
    },
    Place.ATTENTION: {
        Role.Q: _words("q wq qw query queries qry que"),
        Role.K: _words("k wk kw key keys"),
        Role.V: _words("v wv vw value values val vals"),
        Role.O: _words("o wo ow out output outproj outp merge combine unify back final"),
        Role.QKV: _words("qkv wqkv inproj fused packed pack"),
    },
    Place.FFN: {
        Role.GATE: _words("gate wg gated gating gater"),
        Role.UP: _words("up wu expand expansion widen enlarge rise"),
        Role.DOWN: _words("down wd contract contraction shrink reduce squeeze narrow"),
        Role.ROUTER: _words("router route routing dispatch selector switch"),
    },
}
"""Role by word, for each place; a layer without named halves takes the hints of both."""

BEFORE = _words("pre input in first before a 0 1")
"""Words of a layer's first norm."""

AFTER = _words("post output out mid second after b 2")
"""Words of a norm after something: the second of two, or the one behind its half."""

EMBEDDING_WORDS = HINTS[Place.OUTSIDE][Role.EMBED]
"""Words of a norm right after the embedding."""
