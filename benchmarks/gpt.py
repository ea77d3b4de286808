"""GPT against transformers as a user gets it, transformers at its best settings, nanoGPT's way, and x-transformers.

    train step    forward, loss, backward and AdamW from the same weights; losses are compared
    greedy        64 words after a prompt of 16; the same ids
    beam 4        the same, four beams; the same ids

As a user gets it: GPT-2's default activation (a chain of elementary operations) and torch.optim.AdamW. Best settings:
the fused tanh GELU, fused AdamW, scaled_dot_product_attention. nanoGPT is no package: its way is written here (modules
of torch, a fused GELU, attention by scaled_dot_product_attention, and generation without a cache).
Run: python benchmarks/gpt.py [--full]    (--full: bf16, torch.compile, and every row of the larger size)
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from _compare import Comparison, arguments, compare, header, report
from torch import Tensor, nn
from x_transformers import AutoregressiveWrapper, Decoder, TransformerWrapper

from coursekit.decode import beam_search, best, greedy
from coursekit.models import GPT, from_pretrained

PROMPT, NEW = 16, 64
SIZES = {"d 256": (256, 6, 4, 8_000), "small": (768, 12, 12, 50_257)}  # width, layers, heads, vocabulary
BATCHES = {"d 256": (8, 128), "small": (2, 128)}  # rows and words of a training step
BARS = {
    "d 256: step, defaults": 1.2,
    "small: step, defaults": 1.3,
    "d 256: step, best settings": 0.95,
    "small: step, best settings": 0.95,
    "d 256: greedy, 1 row": 2.0,
    "d 256: greedy, 8 rows": 1.6,
    "small: greedy, 1 row": 1.1,
    "d 256: beam 4, 1 row": 1.7,
}


def theirs(size: str, activation: str = "gelu_new") -> Any:
    """GPT-2 of transformers, without dropout (which draws other numbers), its embeddings less alike than at first."""
    width, layers, heads, vocab = SIZES[size]
    config = transformers.GPT2Config(
        vocab_size=vocab, n_positions=256, n_embd=width, n_layer=layers, n_head=heads, activation_function=activation,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(config)


def ours(model: Any) -> GPT:
    """The same weights."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return from_pretrained(folder)


class Way(nn.Module):
    """nanoGPT's way: the modules of torch, one after the other."""

    def __init__(self, width: int, layers: int, heads: int, vocab: int) -> None:
        super().__init__()
        self.heads, self.embed, self.position = heads, nn.Embedding(vocab, width), nn.Embedding(256, width)
        names = ("norm", "qkv", "out", "feed_norm", "up", "down")
        self.blocks = nn.ModuleList(
            nn.ModuleDict(zip(names, (
                nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width),
                nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width),
            ), strict=True)) for _ in range(layers)
        )  # fmt: skip
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids) + self.position(torch.arange(ids.size(1)))
        for b in self.blocks:
            q, k, v = (
                part.view(*ids.shape, self.heads, -1).transpose(1, 2)
                for part in b["qkv"](b["norm"](x)).split(x.size(-1), -1)
            )
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + b["out"](y.transpose(1, 2).contiguous().view(x.shape))
            x = x + b["down"](F.gelu(b["up"](b["feed_norm"](x)), approximate="tanh"))
        return self.norm(x)

    def loss(self, ids: Tensor) -> Tensor:
        return F.cross_entropy(self.head(self(ids[:, :-1])).flatten(0, 1), ids[:, 1:].flatten())

    @torch.no_grad()
    def generate(self, ids: Tensor) -> list[list[int]]:
        for _ in range(NEW):
            ids = torch.cat([ids, self.head(self(ids)[:, -1]).argmax(-1, keepdim=True)], 1)
        return ids[:, PROMPT:].tolist()


def way(model: GPT, size: str) -> Way:
    """The weights of ours in nanoGPT's way."""
    new, ours = Way(*SIZES[size]), model.state_dict()
    name = {
        "norm": "attention_norm",
        "qkv": "attention.qkv",
        "out": "attention.out",
        "up": "feed.up",
        "down": "feed.down",
    }
    weights = {}
    for key in new.state_dict():
        parts = key.split(".")
        if parts[0] == "blocks":
            parts[2] = name.get(parts[2], parts[2])
        weights[key] = ours["embed.weight" if parts[0] == "head" else ".".join(parts)]
    new.load_state_dict(weights)
    return new


def step(parameters: Any, loss: Callable[[], Tensor], fused: bool = True, amp: bool = False) -> Callable[[], float]:
    """One step of training, which gives its loss."""
    optimizer = torch.optim.AdamW(list(parameters), lr=1e-4, fused=fused or None)

    def run() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=amp):
            value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return run


def same_loss(ours: float, theirs: float, within: float = 1e-4) -> None:
    assert abs(ours - theirs) < within * theirs, (ours, theirs)


def loss_of(model: nn.Module, ids: Tensor) -> Tensor:
    return F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())


def training(size: str, rounds: int, full: bool) -> list[Comparison]:
    vocab = SIZES[size][-1]
    rows, words = BATCHES[size]
    ids = torch.randint(vocab, (rows, words + 1), generator=torch.Generator().manual_seed(1))
    about = f"{rows} x {words} words"

    def mine(amp: bool = False, compiled: bool = False) -> Callable[[], float]:
        model = ours(theirs(size)).train()
        run = torch.compile(model) if compiled else model
        return step(model.parameters(), lambda: loss_of(run, ids) if compiled else model.loss(ids), True, amp)

    def peer(activation: str, fused: bool, amp: bool = False) -> Callable[[], float]:
        model = theirs(size, activation).train()
        return step(model.parameters(), lambda: model(input_ids=ids, labels=ids).loss, fused, amp)

    def cases() -> Iterator[tuple[Any, ...]]:
        """One after the other: a pair of the larger size takes 4 GB."""
        yield "defaults", "transformers", mine(), peer("gelu_new", False), same_loss
        yield "best settings", "transformers", mine(), peer("gelu_pytorch_tanh", True), same_loss
        if full or size != "small":
            plain, other = way(ours(theirs(size)), size), x_transformers(size)
            yield (
                "nanoGPT's way",
                "modules of torch",
                mine(),
                step(plain.parameters(), lambda: plain.loss(ids)),
                same_loss,
            )
            run = step(other.parameters(), lambda: loss_of(other, ids))
            yield "x-transformers", "x-transformers", mine(), run, any_loss
        if full:
            near = partial(same_loss, within=1e-2)
            yield "bf16", "transformers", mine(amp=True), peer("gelu_pytorch_tanh", True, amp=True), near
            yield "compiled", "ours, eager", mine(compiled=True), mine(), same_loss

    return [
        compare(f"{size}: step, {name}", against, about, run, other, equal, rounds)
        for name, against, run, other, equal in cases()
    ]


def x_transformers(size: str) -> Any:
    """A model of the same sizes; its weights are its own."""
    width, layers, heads, vocab = SIZES[size]
    torch.manual_seed(0)
    blocks = Decoder(dim=width, depth=layers, heads=heads, attn_dim_head=width // heads, attn_flash=True)
    return TransformerWrapper(num_tokens=vocab, max_seq_len=256, attn_layers=blocks, tie_embedding=True)


def any_loss(ours: float, theirs: float) -> None:
    assert ours > 0 and theirs > 0  # other first weights: the losses differ


def decoding(size: str, rounds: int, full: bool) -> list[Comparison]:
    peer = theirs(size).eval()
    with torch.no_grad():
        peer.transformer.wte.weight.mul_(10)  # or all words are nearly as probable, and the last bit decides
    model, done = ours(peer).eval(), []
    peer.generation_config.eos_token_id = None
    batches = (1, 8) if full or size != "small" else (1,)
    for batch in batches:
        ids = torch.randint(1, SIZES[size][3], (batch, PROMPT), generator=torch.Generator().manual_seed(2))
        for width in (1, 4):
            what = f"{size}: {'greedy' if width == 1 else 'beam 4'}, {batch} row{'s' * (batch > 1)}"
            run, their = partial(decode, model, ids, width), partial(generate, peer, ids, width)
            done.append(compare(what, "transformers generate", f"{NEW} words", run, their, same_ids, rounds))
        if batch == 1 and (full or size != "small"):
            done += other_ways(size, model, ids, rounds)
    return done


def other_ways(size: str, model: GPT, ids: Tensor, rounds: int) -> list[Comparison]:
    """Greedy decoding without a cache, and with that of x-transformers (under weights of its own)."""
    run, words = partial(decode, model, ids, 1), f"{NEW} words"
    without = partial(way(model, size).generate, ids)
    wrapped = AutoregressiveWrapper(x_transformers(size)).eval()
    cached = partial(wrapped.generate, ids, NEW, temperature=0.0, cache_kv=True)
    return [
        compare(f"{size}: greedy, nanoGPT's way", "no cache", words, run, without, same_ids, rounds),
        compare(f"{size}: greedy, x-transformers", "its cache", words, run, cached, any_ids, rounds),
    ]


def decode(model: GPT, ids: Tensor, width: int) -> list[list[int]]:
    state, last = model.start(ids, room=NEW)
    if width == 1:
        return best(greedy(model, state, bos=last, eos=None, max_length=NEW))
    return best(beam_search(model, state, bos=last, eos=None, max_length=NEW, width=width))


@torch.inference_mode()
def generate(model: Any, ids: Tensor, width: int) -> list[list[int]]:
    mask = torch.ones_like(ids)
    return model.generate(ids, attention_mask=mask, max_new_tokens=NEW, do_sample=False, num_beams=width)[
        :, PROMPT:
    ].tolist()


def same_ids(ours: list[list[int]], theirs: list[list[int]]) -> None:
    assert ours == theirs, (ours[0][:9], theirs[0][:9])


def any_ids(ours: list[list[int]], theirs: Tensor) -> None:
    assert (len(ours), len(ours[0])) == theirs.shape  # other weights: other ids


def main() -> int:
    options = arguments(__doc__ or "")
    transformers.logging.set_verbosity_error()
    print(f"{torch.get_num_threads()} threads, {options.rounds} rounds")
    header()
    rows = []
    for size in SIZES:
        rows += training(size, options.rounds, options.full) + decoding(size, options.rounds, options.full)
    return report("gpt", rows, BARS)


if __name__ == "__main__":
    sys.exit(main())
