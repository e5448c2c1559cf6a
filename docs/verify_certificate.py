"""A second verifier of certificates (see certificates.md): two folders of float safetensors, and NumPy alone.

python verify_certificate.py CERTIFICATE FOLDER_A FOLDER_B

It trusts the certificate in two things, and prints them: which tensors are the units, by the patterns of their names,
and that their signs are free. The program itself looks at architectures and at the leaning of units for that.
"""

import json
import re
import sys
from functools import reduce
from hashlib import sha256
from pathlib import Path

import numpy as np

RESIDUES = {1: [0], 3: [0, 1], 7: [0, 1, 3], 13: [0, 1, 3, 9], 21: [3, 6, 7, 12, 14], 31: [1, 5, 11, 24, 25, 27]}
RESIDUES[57] = [1, 6, 7, 9, 19, 38, 42, 49]


def require(holds, what):
    if not holds:
        sys.exit(f"REFUSED: {what}")


class Model:
    def __init__(self, folder, stated):
        self.folder, self.layout, self.tensors, self.read = Path(folder), stated["layout"], {}, sha256()
        for file in (files := sorted(stated["files"], key=lambda file: file["name"])):
            data = (self.folder / file["name"]).read_bytes()
            require(sha256(data).hexdigest() == file["sha256"], f"{file['name']} in {folder} is another file")
            if file["name"].endswith(".safetensors"):
                start = int.from_bytes(data[:8], "little") + 8
                self.tensors |= {name: (at, data[start:]) for name, at in json.loads(data[8:start]).items()}
        self.digest = sha256("\n".join(f"{file['sha256']}  {file['name']}" for file in files).encode()).hexdigest()
        pattern = re.escape(self.layout["units"]["name"]).replace(r"\{layer\}", r"(\d+)")
        self.layers = sorted(int(found[1]) for name in self.tensors if (found := re.fullmatch(pattern, name)))
        count, step = int(np.prod(self.layout["units"]["sizes"])), self.layout["step"]
        self.rows = np.arange(count // step if step else 1)[:, None, None] * step + np.array(self.layout["rows"])

    def matrix(self, part, layer=""):
        at, data = self.tensors[(place := self.layout[part])["name"].replace("{layer}", str(layer))]
        values = np.frombuffer(data[slice(*at["data_offsets"])], {"BF16": "<u2", "F16": "<f2"}.get(at["dtype"], "<f4"))
        values = (values.astype("<u4") << 16).view("<f4") if at["dtype"] == "BF16" else values.astype("<f4")
        values = values.reshape(at["shape"])[... if place["index"] is None else place["index"]]
        digits = (np.arange(size) * stride for size, stride in zip(place["sizes"], place["strides"]))
        return (values.T if place["transposed"] else values)[reduce(np.add.outer, digits, place["offset"]).ravel()]

    def note(self, values):
        return self.read.update(np.ascontiguousarray(values, "<f4").tobytes()) or values

    def tokens(self):
        stated = json.loads((self.folder / "tokenizer.json").read_text("utf-8"))
        added = {token["content"] for token in stated["added_tokens"]}
        return {token: number for token, number in stated["model"]["vocab"].items() if token not in added}


def draw(seed, what):
    return int.from_bytes(sha256(f"{seed}/{what}".encode()).digest()[:8], "big")


def some(seed, what, numbers, most):
    return sorted(sorted(numbers, key=lambda number: draw(seed, f"{what}/{number}"))[:most])


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-300)


def trained(rows):
    sizes = np.abs(rows.astype(np.float64)) / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-300)
    same = (rows[:, 1:] == rows[:, :-1]) & (rows[:, 1:] != 0)
    is_set = np.lib.stride_tricks.sliding_window_view(same, 15, axis=1).all(axis=2).any(axis=1)
    is_set |= (np.diff(np.sort(sizes, axis=1), axis=1) > 1e-4).sum(axis=1) < 5
    is_set |= np.square((sizes**2).sum(axis=1)) < 8 * (sizes**4).sum(axis=1)
    return np.where(is_set[:, None], 0.0, rows)


def first_copies(alike):
    alike, labels = alike | np.eye(len(alike), dtype=bool), np.arange(len(alike))
    while (labels != (labels := np.where(alike, labels, len(alike)).min(axis=1))).any():
        pass
    return labels


def in_place(a, b, seed):
    layers, block = some(seed, "layers", set(a.layers) & set(b.layers), 16), b.layout["block"]
    most, heads = min(64, block), len(b.rows) // block
    start = draw(seed, f"rows/{block}") % (block - most + 1) + np.arange(most)
    rows = np.concatenate([head * block + start for head in some(seed, f"heads/{heads}", range(heads), 64 // most)])
    a, b = ([unit(trained(model.note(model.matrix("units", layer)[rows]))) for layer in layers] for model in (a, b))
    a, b = (np.stack(side).reshape(-1, most, side[0].shape[1]) for side in (a, b))
    own, others = ([np.einsum("irw,jrw->ijr", x, np.roll(x, by, 1)) ** 2 for x in (a, b)] for by in (0, 1))
    copies = first_copies((np.mean(own, axis=3) - np.mean(others, axis=3)).round(6).max(axis=0) >= 0.0625)
    coins, cosines = (copies[:, None] * 64 + np.arange(most)).ravel(), (a * b).sum(2).reshape(1, -1)
    return a.shape[2], [], [(n, row, n, row) for n in layers for row in rows], coins, cosines, 0.0 * coins


def over_tokens(a, b, seed):
    ids_a, ids_b = a.tokens(), b.tokens()
    ids = np.array(sorted((number, ids_a[token]) for token, number in ids_b.items() if token in ids_a))[:, ::-1]
    half = max(len(ids) // 2, min(len(ids), 256))
    low = [half * part // 8 for part in range(9)]
    starts = [low[k] + draw(seed, f"tokens/{k}") % max(1, low[k + 1] - low[k] - 31) for k in range(8)]
    ids = ids[np.arange(half) if half <= 256 else np.add.outer(starts, np.arange(32)).ravel()]
    rows = [model.matrix("embedding")[own] for model, own in ((a, ids[:, 0]), (b, ids[:, 1]))]
    kept = [np.isin(np.arange(len(ids)), np.unique(own, axis=0, return_index=True)[1]) for own in rows]
    kept = np.all([*kept, *(np.ptp(own, axis=1) > 0 for own in rows)], axis=0)
    ids, embedded = ids[kept], [own[kept] for own in rows]
    some = [[[n for n in m.layers if n % period in own] for m in (a, b)] for period, own in RESIDUES.items()]

    def fit(taken, most):
        sides = [(len(own) * len(m.rows), len(own) * m.rows.size) for own, m in zip(taken, (a, b))]
        return all(0 < units <= 3072 and rows * e.shape[1] <= most for (units, rows), e in zip(sides, embedded))

    taken = next(one for most, pick in ((2**22, some), (2**24, some[::-1])) for one in pick if fit(one, most))
    vectors = [], []
    for model, layers, rows, found in zip((a, b), taken, embedded, vectors):
        rows = unit(model.note(rows) - rows.mean(axis=0, dtype=np.float64))
        sizes, axes = np.linalg.eigh(rows @ rows.T)
        rows = (axes / np.sqrt(np.maximum(sizes, 0) + 0.1 * sizes.mean())) @ axes.T @ rows
        for layer in layers:
            part = trained(model.note(model.matrix("units", layer)[model.rows.ravel()]))
            part = part * model.note(model.matrix("gain", layer) + np.float32(model.layout["gain_plus"]))
            part = (part @ rows.T).reshape(*model.rows.shape, -1)
            found.append(unit(part[:, :, 0] + 1j * part[:, :, 1] if part.shape[2] == 2 else part[:, :, 0]))
    whole, n = np.concatenate([*vectors[1], *vectors[0]]), sum(map(len, vectors[1]))
    at_a, at_b = (np.array([(n, unit) for n in own for unit in range(len(m.rows))]) for m, own in zip((a, b), taken))
    alike = (sum(np.abs(rows @ rows.conj().T) for rows in whole.swapaxes(0, 1)) / whole.shape[1]).round(6)
    copies, sizes = first_copies(alike[n:, n:] >= 0.6), alike[:n, n:]
    best = sizes.argmax(axis=1)
    coins = first_copies((copies[best][:, None] == copies[best]) | (alike[:n, :n] >= 0.6))
    others = np.where(copies == copies[best][:, None], -np.inf, sizes).max(axis=1)
    cosines = (whole[:n] * whole[n:][best].conj()).sum(axis=2).real.T
    return len(ids), ids, np.hstack([at_b, at_a[best]]), coins, cosines, np.nan_to_num(sizes.max(1) - others, posinf=0)


said = json.loads(Path(sys.argv[1]).read_text("utf-8"))["predicate"]
a, b = (Model(folder, said[side]) for folder, side in zip(sys.argv[2:], "ab"))
known = re.fullmatch(r"(values|ffn-units)-(in-place|over-tokens)/1|rotary-keys-over-tokens/1", said["rule"])
require(known, f"unknown rule {said['rule']}")
rule = in_place if "in-place" in said["rule"] else over_tokens
dims, *anew = rule(a, b, sha256(f"lineage-audit/certificate/1\n{a.digest}\n{b.digest}\n".encode()).hexdigest())
for name, derived in zip(("tokens", "units", "coins", "cosines", "leads"), anew):
    stated = np.array(said[name], dtype=np.float64)
    require(np.shape(derived) == stated.shape and np.allclose(derived, stated, atol=1e-6), f"the {name} are others")
require([a.read.hexdigest(), b.read.hexdigest()] == [said[side]["read"] for side in "ab"], "other values were read")
terms = np.concatenate([np.bincount(np.unique(anew[2], return_inverse=True)[1], row) for row in anew[3]])
log10_p = np.log10(40) - max(0, terms.sum()) ** 2 / (2 * (terms**2).sum()) / np.log(10)
planted = (max(25, b.layout["block"] * (known[1] == "values")) / dims) ** 0.5
exact, wide = log10_p <= -12 and anew[3].mean() >= planted, len(anew[4]) >= 10 and np.mean(anew[4]) >= max(0.3, planted)
require(said["grade"] == ("exact" if exact else "calibrated" if wide else None), "the terms reach another grade")
require(not exact or abs(said["log10_p"] - log10_p) < 1e-4, "the bound is another")
print("VERIFIED:", said["grade"], f"log10 p <= {min(0, log10_p):.1f} by", *(m.layout["units"]["name"] for m in (a, b)))
