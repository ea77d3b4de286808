"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math

import numpy as np
import torch
import torch.nn.functional as F

INF = math.inf

# q2: programs out of the lines that students get

FIRST = "    first = layer_norm(x, size)\n"
LOOKED = "    looked = (first @ first.mT * scale).softmax(-1) @ first @ A\n"
ADDED = "    x = x + looked\n"
SECOND = "    second = layer_norm(x, size)\n"
FED = "    x = x + (second @ W).relu()\n"


def program(place=1, first=FIRST, looked=LOOKED, added=ADDED, second=SECOND, fed=FED):
    """`scale` may be computed at several places."""
    body = ["    size = x.shape[-1:]\n", first, looked, added, second, fed]
    body.insert(place, "    scale = x.size(-1) ** -0.5\n")
    head = ["def block(x, A, W):\n", "    from torch.nn.functional import layer_norm\n"]
    return "".join([*head, *body, "    return x\n"])


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(place=2, **changes)


# q3


def weigh(q, k):
    return (q @ k.mT / q.size(-1) ** 0.5).softmax(-1)


def split(x, H):
    return x.view(*x.shape[:2], H, -1).transpose(1, 2)


def cut(x, H):
    """Straight to B, H, T, d: the numbers of a head come from several words."""
    return x.reshape(len(x), H, x.size(1), -1)


def in_turn(x, H):
    """Head h takes the features h, h + H, h + 2 H ..."""
    return x.view(*x.shape[:2], -1, H).permute(0, 3, 1, 2)


def unsplit(x, H):
    return x.view(*x.shape[:2], H, -1)


def merge(heads):
    return heads.transpose(1, 2).flatten(2)


def glue(heads):
    """Straight from B, H, T, d."""
    return heads.reshape(len(heads), heads.size(2), -1)


def merge_in_turn(heads):
    return heads.permute(0, 2, 3, 1).flatten(2)


def headed(apart=split, together=merge):
    def multi_head(q, k, v, H):
        a, b, c = apart(q, H), apart(k, H), apart(v, H)
        return together(weigh(a, b) @ c)

    return multi_head


def einsummed(apart="bthd", into="bthd"):
    """With named axes: `apart` is the order in which D is cut, `into` the one in which it is joined."""

    def multi_head(q, k, v, H):
        B, T, D = q.shape
        sizes = {"b": B, "t": T, "h": H, "d": D // H}
        q, k, v = (torch.einsum(f"{apart}->bhtd", x.reshape([sizes[a] for a in apart])) for x in (q, k, v))
        weights = torch.einsum("bhsd,bhtd->bhst", q, k).div(math.sqrt(D // H)).softmax(3)
        context = torch.einsum("bhst,bhtd->bhsd", weights, v)
        return torch.einsum(f"bhtd->{into}", context).reshape(B, T, D)

    return multi_head


def chunked(q, k, v, H):
    parts = zip(q.chunk(H, -1), k.chunk(H, -1), v.chunk(H, -1))
    return torch.cat([weigh(a, b) @ c for a, b, c in parts], -1)


def among_heads(q, k, v, H):
    B, T, D = q.shape
    rows = [[weigh(*(x[b, t].view(H, -1) for x in (q, k))) @ v[b, t].view(H, -1) for t in range(T)] for b in range(B)]
    return torch.stack([torch.stack(row) for row in rows]).view(B, T, D)


def unsplit_glued(q, k, v, H):
    return headed(unsplit, lambda heads: heads.reshape(len(heads), heads.size(1), -1))(q, k, v, H)


# q4


def masked(scale=lambda q, k: q.size(-1) ** 0.5, value=-INF, clean=True, flip=False, axis=-1, after=1.0):
    """All queries at once."""

    def attention(q, k, v, mask):
        mask = ~mask if flip else mask
        scores = q @ k.mT / scale(q, k)
        weights = torch.where(mask, scores, torch.full_like(scores, value)).softmax(axis)
        weights = torch.where(mask, weights, 0.0) if clean else weights
        return (weights / (q.size(-1) ** 0.5 if after != 1 else 1)) @ v

    return attention


def one_by_one(scale=lambda q, k: q.size(-1) ** 0.5, empty=0.0, flip=False, after=1.0, every=False):
    """Query by query, over what it may see. `empty`: each weight of a query that may look nowhere."""

    def attention(q, k, v, mask):
        mask = ~mask if flip else mask
        out = torch.zeros(*q.shape[:2], v.size(-1), dtype=v.dtype)
        for b in range(len(q)):
            for s in range(q.size(1)):
                seen = mask[b, s]
                if not seen.any():
                    out[b, s] = v[b].mul(empty).sum(0)
                    continue
                z = (k[b] @ q[b, s] / scale(q[b], k[b])).flatten()
                e = (z - z.max()).exp()
                weights = torch.where(seen, e, 0) / (e.sum() if every else e[seen].sum())
                out[b, s] = weights @ v[b] / (q.size(-1) ** 0.5 if after != 1 else 1)
        return out

    return attention


def kernel(q, k, v, mask):
    safe = mask | ~mask.any(-1, keepdim=True)
    return F.scaled_dot_product_attention(q, k, v, safe) * mask.any(-1, keepdim=True)


def nothing(q, k):
    return 1


def whole(q, k):
    return q.size(-1)


def length_of_key(q, k):
    return k.norm(dim=-1).unsqueeze(-2)


def q4_after(q, k, v, mask):
    return (weigh(q, k) * mask) @ v


def with_zeros(q, k, v, mask):
    return (q @ k.mT * mask / math.sqrt(q.size(-1))).softmax(-1) @ v


def columns(q, k, v, mask):
    scores = (q @ k.mT / math.sqrt(q.size(-1))).masked_fill(~mask, -INF)
    weights = torch.stack([column.softmax(-1) for column in scores.unbind(-1)], -1)
    return torch.nan_to_num(weights * mask) @ v


def rows_of_mean(q, k, v, mask):
    return one_by_one(empty=1 / mask.size(-1))(q, k, v, mask)


def rows_of_mean_flipped(q, k, v, mask):
    return one_by_one(empty=1 / mask.size(-1), flip=True)(q, k, v, mask)


# q5


def joined(side="left", join=torch.logical_and, offset=True, order=torch.le, flip=False, use=("words", "past")):
    def decoder_mask(lengths, T, S):
        t, n = torch.arange(T), torch.tensor(lengths)[:, None]
        words = t >= T - n if side == "left" else t < n
        query = torch.arange(S) + (T - S if offset else 0)
        words = words[:, None].expand(-1, S, -1) if "words" in use else torch.ones(len(lengths), S, T).bool()
        past = order(t, query[:, None]) if "past" in use else torch.ones(S, T).bool()
        mask = join(words, past[None])
        return ~mask if flip else mask

    return decoder_mask


def listed(word=lambda t, n, T: t >= T - n, see=lambda w, p: w and p, start=lambda T, S: T - S,
           past=lambda t, i: t <= i, flip=False):  # fmt: skip
    def decoder_mask(lengths, T, S):
        first = start(T, S)
        table = [[[see(word(t, n, T), past(t, i)) != flip for t in range(T)] for i in range(first, first + S)]
                 for n in lengths]  # fmt: skip
        return torch.tensor(table)

    return decoder_mask


def triangles(lengths, T, S):
    whole = torch.ones(T, T).tril().bool()[-S:]
    return torch.stack([whole & (torch.arange(T) >= T - n) for n in lengths])


# q6


def normed(axes=(-1,), correction=0, outside=False, root=True, centre=True, affine=lambda n, g, b: n * g + b):
    def layer_norm(x, gain, bias, eps):
        mean = x.mean(axes, keepdim=True)
        variance = x.var(axes, keepdim=True, correction=correction) if centre else x.square().mean(axes, keepdim=True)
        below = variance.sqrt() + eps if outside else (variance + eps).sqrt() if root else variance + eps
        return affine((x - mean if centre else x) / below, gain, bias)

    return layer_norm


def by_vector(less=0, outside=False, power=0.5, centre=True, affine=lambda n, g, b: n * g + b):
    """Vector by vector, in numpy."""

    def layer_norm(x, gain, bias, eps):
        out, g, b = np.empty(x.shape), gain.numpy(), bias.numpy()
        for place in np.ndindex(*x.shape[:2]):
            v = x[place].numpy()
            c = v - v.sum() / len(v) if centre else v
            variance = (c * c).sum() / (len(v) - less)
            out[place] = affine(c / (variance**0.5 + eps if outside else (variance + eps) ** power), g, b)
        return torch.from_numpy(out)

    return layer_norm


def over_words(x, gain, bias, eps):
    return normed()(x.mT, torch.ones(1), torch.zeros(1), eps).mT * gain + bias


def over_batch(x, gain, bias, eps):
    flat = x.flatten(0, 1)
    n = (flat - flat.mean(0)) / torch.sqrt(flat.var(0, correction=0) + eps)
    return n.view_as(x) * gain + bias


def over_sentence(x, gain, bias, eps):
    flat = x.flatten(1)
    n = F.layer_norm(flat, flat.shape[1:], eps=eps)
    return n.view_as(x) * gain + bias


def q6_torch(x, gain, bias, eps):
    return F.layer_norm(x, (x.size(-1),), gain, bias, eps)


# q8


def clocks(base=1e4, first=0, exponent=lambda i, D: 2 * i / D, pair=(math.sin, math.cos), halves=False, grow=False,
           own=False):  # fmt: skip
    """Number by number."""

    def sinusoidal(T, D):
        P = torch.zeros(T, D, dtype=torch.float64)
        for t in range(T):
            for i in range(D // 2):
                for part, function in enumerate(pair):
                    power = base ** exponent(i + part / 2 if own else i, D)
                    angle = (t + first) * power if grow else (t + first) / power
                    P[t, i + part * D // 2 if halves else 2 * i + part] = function(angle)
        return P

    return sinusoidal


def waves(base=1e4, first=0, factor=1.0, swap=False, halves=False, sign=-1, own=False):
    """All at once: `factor` on the column's number."""

    def sinusoidal(T, D):
        t = np.arange(first, T + first)[:, None]
        column = np.arange(D)[None, :]
        exponent = factor * (column if own else column - column % 2) / D
        angle = t * np.power(base, sign * exponent)
        odd = (column + swap) % 2 == 1
        P = np.where(odd, np.cos(angle), np.sin(angle))
        return torch.from_numpy(np.concatenate([P[:, ::2], P[:, 1::2]], 1) if halves else P)

    return sinusoidal


# q9


def smooth(on=lambda s, V: 1 - s + s / V, off=lambda s, V: s / V, mean=True, least=0, logp=lambda z: z.log_softmax(-1)):
    """The distribution of what is right, written down."""

    def smoothed_loss(logits, targets, s):
        V, kept = logits.size(-1), targets != -100
        z, y = logits[kept], targets[kept]
        q = torch.full_like(z, off(s, V)).scatter(1, y[:, None], on(s, V))
        loss = -(q * logp(z)).sum()
        loss = loss + least * torch.xlogy(q, q).sum()
        return loss / {True: len(y), False: 1, "all": len(targets)}[mean]

    return smoothed_loss


def smooth_loop(on=lambda s, V: 1 - s + s / V, off=lambda s, V: s / V, mean=True, least=0, plain=False):
    def smoothed_loss(logits, targets, s):
        total, count, V = 0.0, 0, logits.shape[1]
        for z, y in zip(logits.tolist(), targets.tolist()):
            if y == -100:
                continue
            top = max(z)
            whole = 0 if plain else top + math.log(sum(math.exp(a - top) for a in z))
            for v, a in enumerate(z):
                q = on(s, V) if v == y else off(s, V)
                total -= q * (a - whole) - (least * q * math.log(q) if q else 0)
            count += 1
        return torch.tensor(total / {True: count, False: 1, "all": len(targets)}[mean], dtype=torch.float64)

    return smoothed_loss


def q9_torch(logits, targets, s):
    return F.cross_entropy(logits, targets, label_smoothing=s)


def padding_as_word(logits, targets, s):
    logp = logits.log_softmax(-1)
    return -((1 - s) * logp[range(len(targets)), targets] + s * logp.mean(-1)).mean()


def padding_as_word_loop(logits, targets, s):
    rows = logits.log_softmax(1).tolist()
    losses = [-(1 - s) * row[y] - s * sum(row) / len(row) for row, y in zip(rows, targets.tolist())]
    return torch.tensor(sum(losses) / len(losses), dtype=torch.float64)


# q10


def noam(n=lambda step: step + 1, choose=min, size=lambda D: D**-0.5, rise=lambda n, w: n * w**-1.5,
         fall=lambda n, w: n**-0.5):  # fmt: skip
    return lambda step, D, warmup: size(D) * choose(fall(n(step), warmup), rise(n(step), warmup))


def parted(shift=1, peak=lambda D, w: 1 / math.sqrt(D * w), up=lambda n, w: n / w, down=lambda n, w: math.sqrt(w / n),
           other=False):  # fmt: skip
    """The rise and the fall, apart from each other."""

    def rate(step, D, warmup):
        n = shift(step) if callable(shift) else step + shift
        rising = n < warmup
        return peak(D, warmup) * (up(n, warmup) if rising != other else down(n, warmup))

    return rate


def zero_first(step, D, warmup):
    return 0.0 if step == 0 else noam(n=lambda step: step)(step, D, warmup)


def zero_first_too(step, D, warmup):
    return (D * max(step, warmup)) ** -0.5 * min(step / warmup, 1)


def q10_counted_too(step, D, warmup):
    return 1 / math.sqrt(D) * min(1 / math.sqrt(step), step / warmup**1.5)


# q11


def turned(base=1e4, power=lambda i, half: i / half, sign=1, places=True, layout="halves", late=False, minus=-1):
    def rotate(x, positions):
        half = x.size(-1) // 2
        speed = base ** -power(torch.arange(half, dtype=torch.float64), half)
        where = positions if places else torch.arange(x.size(2))[None].expand_as(positions)
        angle = sign * where[:, None, :, None] * speed
        a, b = (x[..., :half], x[..., half:]) if layout == "halves" else (x[..., ::2], x[..., 1::2])
        c, s = torch.cos(angle), torch.sin(angle)
        first = a * c + minus * b * s
        second = b * c + (first if late else a) * s
        both = [first, second]
        return torch.cat(both, -1) if layout == "halves" else torch.stack(both, -1).flatten(-2)

    return rotate


def planes(base=1e4, power=lambda i, half: i / half, sign=1, places=True, layout="halves", late=False, minus=-1):
    """Pair by pair."""

    def rotate(x, positions):
        y, half = x.clone(), x.size(-1) // 2
        for b, h, t, i in np.ndindex(*x.shape[:3], half):
            one, two = (i, i + half) if layout == "halves" else (2 * i, 2 * i + 1)
            angle = sign * (int(positions[b, t]) if places else t) * base ** -power(i, half)
            p, q = float(x[b, h, t, one]), float(x[b, h, t, two])
            c, s = math.cos(angle), math.sin(angle)
            y[b, h, t, one] = p * c + minus * q * s
            y[b, h, t, two] = q * c + (float(y[b, h, t, one]) if late else p) * s
        return y

    return rotate


def complex_numbers(x, positions):
    half = x.size(-1) // 2
    speed = torch.pow(10_000, -torch.arange(half).double() / half)
    z = torch.complex(x[..., :half], x[..., half:]) * torch.exp(1j * positions[:, None, :, None] * speed)
    return torch.cat([z.real, z.imag], -1)


def rotate_half(x, positions):
    half = x.size(-1) // 2
    angle = positions[:, None, :, None] / 10_000 ** (torch.arange(half).double() / half)
    angle = torch.cat([angle, angle], -1)
    return x * angle.cos() + torch.cat([-x[..., half:], x[..., :half]], -1) * angle.sin()


# q12


class Cached:
    """One block that grows. What a mistake changes is a method of its own."""

    def __init__(self, W):
        self.W, self.known = W, None
        self.d = W.size(0) // 3

    def parts(self, x):
        return torch.split(F.linear(x, self.W), self.d, -1)

    def add(self, old, new):
        return new if old is None else torch.cat((old, new))

    def seen(self, n, T):
        return torch.ones(n, T).tril(T - n).bool()

    def scale(self, x):
        return self.d**0.5

    def read(self, x):
        q, k, v = self.parts(x)
        self.known = self.add(self.known, torch.cat([k, v], 1))
        keys, values = self.known.split(self.d, 1)
        scores = (q @ keys.T / self.scale(x)).masked_fill(~self.seen(len(x), len(keys)), -INF)
        return scores.softmax(1) @ values

    def back(self, n):
        self.known = self.known[: self.known.size(0) - n]


class Words:
    """Lists of keys and values; query by query."""

    def __init__(self, W):
        self.W, self.past = W, []

    def parts(self, w):
        return (self.W @ w).view(3, -1).unbind()

    def last(self, before, i, n):
        return before + i + 1

    def scale(self, q, x):
        return math.sqrt(len(q))

    def keep(self, new):
        self.past = [*self.past, *new]

    def read(self, x):
        before, parts, out = len(self.past), [self.parts(w) for w in x], []
        self.keep([(k, v) for _, k, v in parts])
        for i, (q, _, _) in enumerate(parts):
            seen = self.past[: self.last(before, i, len(x))]
            e = [math.exp(float(q @ k) / self.scale(q, x)) for k, _ in seen]
            out.append(sum(a / sum(e) * v for a, (_, v) in zip(e, seen)))
        return torch.stack(out)

    def back(self, n):
        del self.past[len(self.past) - n :]


class Again:
    """No cache at all: everything is computed again. Right, if slow."""

    def __init__(self, W):
        self.W, self.words = W, W.new_zeros(0, W.size(1))

    def read(self, x):
        self.words = torch.cat([self.words, x])
        q, k, v = (self.words @ self.W.T).chunk(3, 1)
        seen = torch.ones(len(q), len(q)).tril().bool()
        return kernel(q[None], k[None], v[None], seen[None])[0, -len(x) :]

    def back(self, n):
        self.words = self.words[: len(self.words) - n]


def other(cls, **methods):
    return type("Reader", (cls,), methods)


def forget_all(self, n):
    """[:-0] is empty."""
    self.known = self.known[:-n]


def forget_all_words(self, n):
    self.past = self.past[:-n]


def back_front(self, n):
    self.known = self.known[n:]


def back_front_words(self, n):
    self.past = self.past[n:]


def keep_only(self, new):
    self.past = list(new)


def keep_before(self, new):
    self.past = [*new, *self.past]


RIGHT = {
    "q1": [12, 12.0004],
    "q2": [program(place=0), program(place=2)],
    "q3": [headed(), einsummed(), chunked],
    "q4": [masked(), one_by_one(), kernel],
    "q5": [joined(), listed(), triangles],
    "q6": [normed(), by_vector(), q6_torch],
    "q7": [(["a", "b", "c"], ["b", "a", "c"]), [("tea", "or", "ice", "now", "?"), ("ice", "or", "tea", "now", "?")]],
    "q8": [clocks(), waves()],
    "q9": [smooth(), smooth_loop(), q9_torch],
    "q10": [noam(), parted()],
    "q11": [turned(), planes(), complex_numbers, rotate_half],
    "q12": [Cached, Words, Again],
}

WRONG = {
    "q1": [
        ("This is the variance: how far scores lie from 0 on average is its root.", 144, 144.0),
        ("The query's numbers spread more than those of the key: the variance of a product knows both.", math.sqrt(48), 6.9282),
        ("This is what is left after the division by $\\sqrt d$; it is asked for before.", math.sqrt(3), 1.7321),
        ("The variances multiply, not their squares.", math.sqrt(48) * 3, 20.785),
        ("This is the mean.", 0, 0.0),
        ("Independent numbers add their variances, not their deviations.", 48 * math.sqrt(3), 83.138),
    ],
    "q2": [
        ("Your attention reads the words as they come, and the norm is left unused.", *twice(looked="    looked = (x @ x.mT * scale).softmax(-1) @ x @ A\n")),
        ("The way past the attention leads through a norm here: what is added must be added to `x` itself.", *twice(added="    x = first + looked\n")),
        ("Without the way past the attention all gradient must go through it.", *twice(added="    x = looked\n")),
        ("Your block normalises what was added as well; that is done after, in post-norm.", *twice(added="    x = layer_norm(x + looked, size)\n")),
        ("The way past the feed-forward layer leads through a norm here: what is added must be added to `x` itself.", *twice(fed="    x = second + (second @ W).relu()\n")),
        ("Pre-norm at the attention, post-norm at the feed-forward layer: choose one.", *twice(second="", fed="    x = layer_norm(x + (x @ W).relu(), size)\n")),
        ("The feed-forward layer never sees what the attention has found: what is normalised for it, and when?",
         *twice(added=SECOND, second=ADDED)),
        ("This is the whole of the post-norm block.",
         program(first="", looked="    looked = (x @ x.mT * scale).softmax(-1) @ x @ A\n", added="    x = layer_norm(x + looked, size)\n", second="", fed="    x = layer_norm(x + (x @ W).relu(), size)\n"),
         program(place=0, first="", looked="    looked = (x @ x.mT * scale).softmax(-1) @ x @ A\n", added="    x = layer_norm(x + looked, size)\n", second="", fed="    x = layer_norm(x + (x @ W).relu(), size)\n")),
        ("You normalise a feature over the words of the sentence: layer norm looks at one word alone.", *twice(first="    first = layer_norm(x.mT, x.shape[:1]).mT\n")),
    ],
    "q3": [
        ("The heads are put together well. But where you split, a head gets numbers of several words: `view` changes no order, it only counts anew.",
         headed(cut), einsummed("bhtd")),
        ("The heads are right. But put together like this, a word gets numbers of several words: which axes must stand side by side before they become one?",
         headed(split, glue), einsummed(into="bhtd")),
        ("Splitting and joining cancel out, and still the heads were made of several words' numbers: look at a head of a sentence of two words.",
         headed(cut, glue), einsummed("bhtd", "bhtd")),
        ("Your words do not look at one another: each looks at its own heads. Which axis must come before the last two?", among_heads, unsplit_glued),
        ("Head h is to have d features that stand side by side, not every H-th one.", headed(in_turn, merge_in_turn), einsummed("btdh", "btdh")),
        ("Heads go apart side by side, and come together in turn.", headed(split, merge_in_turn), einsummed("bthd", "btdh")),
        ("Heads go apart in turn, and come together side by side.", headed(in_turn), einsummed("btdh")),
    ],
    "q4": [
        ("The scores of long vectors are large, and their softmax sees one key alone: what are they divided by?", masked(nothing), one_by_one(nothing)),
        ("Dividing by d is too much: the standard deviation grows with another power of it.", masked(whole), one_by_one(whole)),
        ("You divide by the length of each key; what is asked for depends on *how many* numbers it has.", masked(length_of_key), one_by_one(length_of_key)),
        ("It is the scores that are divided: your weights do not sum to 1 any more.",
         masked(nothing, after=2), one_by_one(nothing, after=2)),
        ("A query that may look nowhere is 0 divided by 0 in your answer.", masked(clean=False), one_by_one(empty=math.nan)),
        ("A query that may look nowhere gets the mean of all that it must not see.", masked(value=-1e9, clean=False), rows_of_mean),
        ("True is where a query *may* look.", masked(flip=True), one_by_one(flip=True)),
        ("You hide what may be seen; and a query that is left with nothing divides 0 by 0.", masked(flip=True, clean=False), one_by_one(flip=True, empty=math.nan)),
        ("You hide what may be seen; and a query that is left with nothing gets the mean of everything.", masked(value=-1e9, flip=True, clean=False), rows_of_mean_flipped),
        ("Hidden keys have taken their share before you took it away: what do the other weights sum to?", q4_after, one_by_one(every=True)),
        ("A score of 0 is not a weight of 0: what is $e^0$?", with_zeros, masked(value=0.0, clean=False)),
        ("Whose weights sum to 1: those of a query, or those of a key?", columns, lambda q, k, v, mask: torch.nan_to_num(((q @ k.mT / q.size(-1) ** 0.5).masked_fill(~mask, -INF)).softmax(1)) @ v),
    ],
    "q5": [
        ("Where does the padding of a row stand: before its words, or after them?", joined("right"), listed(word=lambda t, n, T: t < n)),
        ("Both must be true: a key is a word, *and* it does not come later.", joined(join=torch.logical_or), listed(see=lambda w, p: w or p)),
        ("Your first query stands at the position 0. But there are positions whose keys are in the cache already.", joined(offset=False), listed(start=lambda T, S: 0)),
        ("A word may look at itself, too.", joined(order=torch.lt), listed(past=lambda t, i: t < i)),
        ("Every entry is the opposite of what it should be: True is where the query *may* look.", joined(flip=True), listed(flip=True)),
        ("Your words look at what comes after them.", joined(order=torch.ge), listed(past=lambda t, i: t >= i)),
        ("The padding is hidden, and the future is not.", joined(use=("words",)), listed(past=lambda t, i: True)),
        ("The future is hidden, and the padding is not.", joined(use=("past",)), listed(word=lambda t, n, T: True)),
        ("Two questions: where does the padding stand, and at which position does the first query stand?",
         joined("right", offset=False), listed(word=lambda t, n, T: t < n, start=lambda T, S: 0)),
    ],
    "q6": [
        ("The variance of the paper is divided by D; yours is divided by D - 1.", normed(correction=1), by_vector(less=1)),
        ("Where does eps stand: inside the root, or beside it?", normed(outside=True), by_vector(outside=True)),
        ("Two things: by what is the variance divided, and where does eps stand?", normed(correction=1, outside=True), by_vector(less=1, outside=True)),
        ("Each feature is normalised over its sentence here: a word would change with its neighbours.", normed(axes=(1,)), over_words),
        ("This is batch norm: a word would change with the other sentences of its batch.", normed(axes=(0, 1)), over_batch),
        ("A whole sentence is normalised at once here: each of its words is to be, for itself.", normed(axes=(1, 2)), over_sentence),
        ("The mean of your vectors is not 0: this is RMS norm.", normed(centre=False), by_vector(centre=False)),
        ("You divide by the variance; its root is missing.", normed(root=False), by_vector(power=1)),
        ("`bias` comes last: yours is multiplied by `gain`.", normed(affine=lambda n, g, b: (n + b) * g), by_vector(affine=lambda n, g, b: (n + b) * g)),
        ("What became of `gain` and `bias`?", normed(affine=lambda n, g, b: n), by_vector(affine=lambda n, g, b: n)),
    ],
    "q7": [
        ("The state that predicts is that of the last word, and it asks with this word: which one is it in your two sentences?",
         (["we", "like", "tea"], ["tea", "like", "we"]), (["a", "b"], ["b", "a"])),
        ("Each word must stand in both sentences, and as often in one as in the other.", (["we", "like", "tea"], ["we", "like", "ice"]), (["a", "b"], ["a", "a", "b"])),
        ("The same words in the same order cannot be told apart by anybody.", (["we", "like"], ["we", "like"]), (["a"], ["a"])),
    ],
    "q8": [
        ("Which comes first in each pair, the sine or the cosine?", clocks(pair=(math.cos, math.sin)), waves(swap=True)),
        ("The numbers are right, and stand elsewhere: sine and cosine come in turn, not in two halves.", clocks(halves=True), waves(halves=True)),
        ("Your clocks slow down too little from pair to pair: a 2 is missing in the exponent.", clocks(exponent=lambda i, D: i / D), waves(factor=0.5)),
        ("Your clocks slow down too much from pair to pair: is it the number of the column that you double, or that of the pair?", clocks(exponent=lambda i, D: 4 * i / D), waves(factor=2)),
        ("Look at the base once more: how many zeros has it?", clocks(base=1e3), waves(base=1e3)),
        ("Positions count from 0.", clocks(first=1), waves(first=1)),
        ("Your clocks run faster and faster from pair to pair: which of the two is divided by the other?", clocks(grow=True), waves(sign=1)),
        ("A sine and its cosine are those of one and the same angle; each of your columns has its own.", clocks(own=True), waves(own=True)),
        ("Your i is the number of a column. It is the number of a pair: a sine and its cosine share it.", clocks(own=True, exponent=lambda i, D: 4 * i / D), waves(own=True, factor=2)),
    ],
    "q9": [
        ("The whole vocabulary shares s, the target among it: yours leaves the target out.",
         smooth(lambda s, V: 1 - s, lambda s, V: s / (V - 1)), smooth_loop(lambda s, V: 1 - s, lambda s, V: s / (V - 1))),
        ("What your distribution gives to all words does not sum to 1.", smooth(lambda s, V: 1 - s), smooth_loop(lambda s, V: 1 - s)),
        ("Each word gets the whole of s in your distribution: how much is there for one, if V words share it?", smooth(lambda s, V: 1, lambda s, V: s), smooth_loop(lambda s, V: 1, lambda s, V: s)),
        ("How much lies on the target, s or the rest?", smooth(lambda s, V: s + (1 - s) / V, lambda s, V: (1 - s) / V),
         smooth_loop(lambda s, V: s + (1 - s) / V, lambda s, V: (1 - s) / V)),
        ("Nothing is smoothed.", smooth(lambda s, V: 1, lambda s, V: 0), smooth_loop(lambda s, V: 1, lambda s, V: 0)),
        ("The padding costs nothing, but has a share in the mean.", smooth(mean="all"), smooth_loop(mean="all")),
        ("A mean over the targets is asked for.", smooth(mean=False), smooth_loop(mean=False)),
        ("This is a divergence: you have taken away the entropy of what is right. Its gradient is the same, its value is not.", smooth(least=1), smooth_loop(least=1)),
        ("Logits are not logarithms of probabilities yet.", smooth(logp=lambda z: z), smooth_loop(plain=True)),
        ("-100 is no word of the vocabulary: what is to be done with such a row before anybody looks up its word?", padding_as_word, padding_as_word_loop),
    ],
    "q10": [
        ("Before the first update none has been made, and you divide by this 0: which number does the update have that is made now?", noam(n=lambda step: step), q10_counted_too),
        ("The first update is wasted on a rate of 0: which number does it have, if the first is number 1?", zero_first, zero_first_too),
        ("Your first two updates have the same rate.", noam(n=lambda step: max(step, 1)), parted(shift=lambda step: max(step, 1))),
        ("The larger of the two is taken: where is your rate highest?", noam(choose=max), parted(other=True)),
        ("Wide models need a smaller rate.", noam(size=lambda D: D**0.5), parted(peak=lambda D, w: math.sqrt(D / w))),
        ("The width changes nothing in your answer.", noam(size=lambda D: 1), parted(peak=lambda D, w: w**-0.5)),
        ("There is no warm-up: your rate falls from the beginning.", noam(rise=lambda n, w: INF), parted(up=lambda n, w: math.sqrt(w / n))),
        ("This is the rate as a part of its peak: how high is the peak itself?", noam(size=lambda D: 1, rise=lambda n, w: n / w, fall=lambda n, w: (w / n) ** 0.5), parted(peak=lambda D, w: 1)),
        ("It stays at its peak for ever.", noam(fall=lambda n, w: w**-0.5), parted(down=lambda n, w: 1)),
        ("Your rise does not meet the fall after w updates: look at the power of w.", noam(rise=lambda n, w: n * w**-0.5), lambda step, D, warmup: min(1 / math.sqrt(D * (step + 1)), (step + 1) / math.sqrt(D * warmup))),
    ],
    "q11": [
        ("Neighbours make your pairs: this is the other layout, another order of the same numbers.", turned(layout="interleaved"), planes(layout="interleaved")),
        ("You turn with the clock: which of the two products has the minus?", turned(sign=-1), planes(sign=-1)),
        ("A row says where its words stand: yours always begin at 0.", turned(places=False), planes(places=False)),
        ("Your hands slow down too little from pair to pair: is it d or d / 2 that i is divided by?", turned(power=lambda i, half: i / (2 * half)), planes(power=lambda i, half: i / (2 * half))),
        ("Look at the base once more: how many zeros has it?", turned(base=1e3), planes(base=1e3)),
        ("The first number of a pair has been turned already when you turn the second one.", turned(late=True), planes(late=True)),
        ("Your vectors change their length: a minus is missing.", turned(minus=1), planes(minus=1)),
        ("Every pair turns equally fast in your answer.", turned(power=lambda i, half: 0 * i), planes(power=lambda i, half: 0)),
    ],
    "q12": [
        ("In a piece of several words the first one looks at the last one.", other(Cached, seen=lambda self, n, T: torch.ones(n, T).bool()), other(Words, last=lambda self, before, i, n: before + n)),
        ("The second piece is the first to go wrong: at which position does the first word of a piece stand?", other(Cached, seen=lambda self, n, T: torch.ones(n, T).tril().bool()), other(Words, last=lambda self, before, i, n: i + 1)),
        ("What was read in an earlier piece is forgotten.", other(Cached, add=lambda self, old, new: new), other(Words, keep=keep_only, last=lambda self, before, i, n: i + 1)),
        ("Taking words back changes nothing.", other(Cached, back=lambda self, n: None), other(Words, back=lambda self, n: None)),
        ("Taking back no word takes back all of them: what is `[:-0]`?", other(Cached, back=forget_all), other(Words, back=forget_all_words)),
        ("The first words are taken back, not the last ones.", other(Cached, back=back_front), other(Words, back=back_front_words)),
        ("The scores are not divided by anything.", other(Cached, scale=lambda self, x: 1), other(Words, scale=lambda self, q, x: 1)),
        ("It is the root of d, the size of a query, not that of D.", other(Cached, scale=lambda self, x: x.size(1) ** 0.5), other(Words, scale=lambda self, q, x: math.sqrt(x.size(1)))),
        ("The root of d: d itself is too much.", other(Cached, scale=lambda self, x: self.d), other(Words, scale=lambda self, q, x: len(q))),
        ("New words come in front of the old ones in your cache, and the mask counts from the other end.", other(Cached, add=lambda self, old, new: new if old is None else torch.cat((new, old))), other(Words, keep=keep_before)),
        ("Which part of $W x$ is the query?", other(Cached, parts=lambda self, x: [torch.split(x @ self.W.T, self.d, -1)[i] for i in (1, 0, 2)]), other(Words, parts=lambda self, w: [(self.W @ w).view(3, -1)[i] for i in (1, 0, 2)])),
    ],
}
