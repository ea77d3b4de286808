"""Beam search, greedy search and the filters equal transformers' on tiny models with random weights."""

import numpy as np
import pytest
import torch
from torch import nn

from coursekit.decode import beam_search, filtered, greedy, top_k, top_p

transformers = pytest.importorskip("transformers")

V, BOS, PAD, EOS = 23, 1, 3, 2  # pad is not 0: transformers would pad with <eos> then
MAX_LENGTH = 9


def bart(seed, twins=False):
    """A tiny BART whose next word depends much on place and words before (weights of variance 1, embeddings 4).

    With `twins`, words 2 i and 2 i + 1 from 8 on are the same in everything: ties at every step.
    """
    config = transformers.BartConfig(
        vocab_size=V,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=32,
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        forced_eos_token_id=None,
        forced_bos_token_id=None,
        tie_word_embeddings=False,
    )
    model = transformers.BartForConditionalGeneration(config).eval()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() > 1:  # not the biases and layer norms
                p.copy_(torch.as_tensor(rng.normal(0, 1, p.shape)))
        words, head = model.model.decoder.embed_tokens.weight, model.lm_head.weight
        for p in (words, model.model.decoder.embed_positions.weight):
            p.mul_(2)
        head.mul_(0.4)
        head[EOS] *= 2
        if twins:
            for p in (words, head):
                p[9::2] = p[8:-1:2]
        model.final_logits_bias[0, PAD] = -50.0  # a pad inside an output could not be told from one behind it
    return model


class Steps(nn.Module):
    """transformers' model behind our interface, without a cache: the state is (source, mask, words read)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def step(self, ids, state):
        encoded, mask, read = state
        read = torch.cat([read, ids[:, None]], 1)
        out = self.model(
            encoder_outputs=(encoded,), attention_mask=mask, decoder_input_ids=read, use_cache=False, return_dict=True
        )
        return out.logits[:, -1], (encoded, mask, read)

    def select(self, state, rows):
        return tuple(part[rows] for part in state)

    def start(self, source, mask):
        encoded = self.model.get_encoder()(source, attention_mask=mask)[0]
        return encoded, mask, source.new_zeros(len(source), 0)


def sources(seed, rows=4):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 7, rows)
    source = torch.full((rows, int(lengths.max())), PAD)
    for line, length in zip(source, lengths, strict=True):
        line[:length] = torch.as_tensor(rng.integers(4, V, length))
    return source, (source != PAD).long()


def theirs(model, source, mask, **how):
    with torch.inference_mode():
        out = model.generate(
            source,
            attention_mask=mask,
            max_new_tokens=MAX_LENGTH,
            do_sample=False,
            use_cache=False,
            output_scores=True,
            return_dict_in_generate=True,
            **how,
        )
    ids = []
    for line in out.sequences.tolist():
        line = [word for word in line[1:] if word != PAD]
        finished = EOS in line
        ids.append((line[: line.index(EOS)] if finished else line, finished))
    return ids, out.get("sequences_scores")


def compare(model, source, mask, width, n_best, alpha, early, same=lambda ids: ids):
    ids, scores = theirs(
        model,
        source,
        mask,
        num_beams=width,
        num_return_sequences=n_best,
        length_penalty=float(alpha),
        early_stopping=early,
    )
    stepper = Steps(model).eval()
    with torch.inference_mode():
        state = stepper.start(source, mask)
    found = beam_search(
        stepper,
        state,
        bos=BOS,
        batch=len(source),
        eos=EOS,
        max_length=MAX_LENGTH,
        width=width,
        n_best=n_best,
        length_penalty=alpha,
        early_stopping=early,
    )
    flat = [h for row in found for h in row]
    assert [(same(h.ids), h.finished) for h in flat] == [(same(line), finished) for line, finished in ids]
    np.testing.assert_allclose([h.score for h in flat], scores.numpy(), rtol=2e-5, atol=1e-6)
    return flat


@pytest.mark.parametrize("early", [True, False, "never"])
@pytest.mark.parametrize("alpha", [0, 0.6, 1, 2, -1])
def test_beam_search_equals_transformers(alpha, early):
    """Sequences and scores of every returned hypothesis, for batches of sentences of several lengths."""
    found = []
    for seed, width, n_best in [(0, 2, 1), (0, 5, 3), (1, 4, 4), (2, 4, 4)]:
        model, (source, mask) = bart(seed), sources(seed)
        found += compare(model, source, mask, width, n_best, alpha, early)
    assert {h.finished for h in found} == {True, False}  # both kinds of ending were met, at several lengths
    assert len({len(h.ids) for h in found if h.finished}) > (alpha < 2)


@pytest.mark.parametrize("early", [True, False, "never"])
def test_beam_search_equals_transformers_with_a_beam_wider_than_the_vocabulary(early):
    """The first step has fewer words than the beam has places, and fewer than the candidates that it looks at."""
    for seed, width in [(3, V // 2 + 2), (4, V + 7)]:
        model, (source, mask) = bart(seed), sources(seed, rows=2)
        assert len(compare(model, source, mask, width, width, 1, early)) == 2 * width


@pytest.mark.parametrize("early", [True, False, "never"])
@pytest.mark.parametrize("alpha", [0, 1])
def test_beam_search_equals_transformers_where_hypotheses_tie(alpha, early):
    """Words of the same weights tie at every step: scores are equal, and words but for which twin of two was taken.

    (Which it is, there is left to torch.topk; ours is the one of lower id: test_beam.py.)
    """
    tied = 0

    def same(ids):
        return [word - (word >= 8 and word % 2) for word in ids]

    for seed in range(2):
        model, (source, mask) = bart(seed, twins=True), sources(seed)
        for width, n_best in [(2, 2), (4, 4)]:
            found = compare(model, source, mask, width, n_best, alpha, early, same)
            tied += len(found) - len({h.score for h in found})
    assert tied > 2


def test_greedy_equals_transformers():
    for seed in range(4):
        model, (source, mask) = bart(seed), sources(seed)
        ids, _ = theirs(model, source, mask, num_beams=1)
        stepper = Steps(model).eval()
        with torch.inference_mode():
            state = stepper.start(source, mask)
        found = greedy(stepper, state, bos=BOS, batch=len(source), eos=EOS, max_length=MAX_LENGTH)
        assert [(row[0].ids, row[0].finished) for row in found] == ids


@pytest.mark.parametrize("k", [1, 3, 40])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.95, 1.0])
def test_filters_equal_transformers(k, p):
    logits = torch.as_tensor(np.random.default_rng(0).normal(0, 2, (50, 30)))
    warpers = transformers.generation
    theirs_k, theirs_p = warpers.TopKLogitsWarper(k), warpers.TopPLogitsWarper(p)
    assert torch.equal(top_k(logits, k), theirs_k(None, logits))
    assert torch.equal(top_p(logits, p), theirs_p(None, logits))
    for t in (0.7, 1.3):
        together = theirs_p(None, theirs_k(None, warpers.TemperatureLogitsWarper(t)(None, logits)))
        torch.testing.assert_close(filtered(logits, t, k, p).softmax(-1), together.softmax(-1))
