"""Analogies and losses equal the field's: gensim's formula, torch's own losses, scipy's factors."""

import numpy as np
import pytest
import scipy.sparse.linalg
import torch
import torch.nn.functional as F

from coursekit.models import CBOW, SkipGram, WordVectors
from coursekit.models.glove import cooccurrence, ppmi, svd_vectors


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def most_similar(vectors, positive, negative, topn):
    """gensim's KeyedVectors.most_similar, written out: the signed mean of unit vectors, brought to length 1."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = np.mean([unit[i] for i in positive] + [-unit[i] for i in negative], axis=0)
    scores = unit @ (mean / np.linalg.norm(mean))
    order = [i for i in np.argsort(-scores) if i not in [*positive, *negative]]
    return [(i, scores[i]) for i in order[:topn]]


def most_similar_cosmul(vectors, positive, negative, topn):
    """gensim's most_similar_cosmul, written out."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    up = [(1 + unit @ unit[i]) / 2 for i in positive]
    down = [(1 + unit @ unit[i]) / 2 for i in negative]
    scores = np.prod(up, axis=0) / (np.prod(down, axis=0) + 0.000001)
    order = [i for i in np.argsort(-scores) if i not in [*positive, *negative]]
    return [(i, scores[i]) for i in order[:topn]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [2, 7, 50])
def test_3cosadd_is_gensims_most_similar(seed, width):
    vectors = draw(40, width, seed=seed)
    ours = WordVectors(vectors, [str(i) for i in range(40)])
    for a, b, c in [(0, 1, 2), (5, 39, 17)]:
        theirs = most_similar(vectors.numpy(), [b, c], [a], 10)
        found = ours.analogy(str(a), str(b), str(c), k=10)
        assert [word for word, _ in found] == [str(i) for i, _ in theirs]
        assert [score for _, score in found] == pytest.approx([score for _, score in theirs])


@pytest.mark.parametrize("seed", range(4))
def test_3cosmul_ranks_as_gensims(seed):
    """Up to the small number in the denominator: gensim takes 1e-6, Levy & Goldberg and we take 1e-3."""
    vectors = draw(40, 20, seed=seed)
    ours = WordVectors(vectors, [str(i) for i in range(40)])
    theirs = most_similar_cosmul(vectors.numpy(), [7, 8], [9], 3)
    found = ours.analogy("9", "7", "8", k=3, method="mul")
    assert [word for word, _ in found] == [str(i) for i, _ in theirs]
    assert [score for _, score in found] == pytest.approx([score for _, score in theirs], rel=0.01)


def test_negative_sampling_is_binary_cross_entropy():
    """One right word and K wrong ones, summed over the K + 1 and averaged over the batch; gradients too."""
    model = SkipGram(9, 4).double()
    with torch.no_grad():
        model.centre.weight.copy_(draw(9, 4))
        model.context.weight.copy_(draw(9, 4, seed=1))
    centre, context, negative = torch.tensor([0, 3]), torch.tensor([1, 8]), torch.tensor([[2, 2, 5], [8, 0, 4]])
    loss = model.loss(centre, context, negative)
    ours = torch.autograd.grad(loss, list(model.parameters()))
    words = torch.cat([context[:, None], negative], 1)
    logits = torch.einsum("bd,bkd->bk", model.centre.weight[centre], model.context.weight[words])
    label = torch.zeros(2, 4, dtype=torch.float64)
    label[:, 0] = 1
    theirs = F.binary_cross_entropy_with_logits(logits, label, reduction="sum") / 2
    torch.testing.assert_close(loss, theirs)
    for one, other in zip(ours, torch.autograd.grad(theirs, list(model.parameters())), strict=True):
        torch.testing.assert_close(one, other)


def test_cbows_mean_is_torchs_embedding_bag():
    model = CBOW(9, 4).double()
    with torch.no_grad():
        model.context.weight.copy_(draw(9, 4))
        model.centre.weight.copy_(draw(9, 4, seed=1))
    context, inside = torch.tensor([[1, 2, 0], [4, 0, 0]]), torch.tensor([[True, True, False], [True, False, False]])
    bag = F.embedding_bag(torch.tensor([1, 2, 4]), model.context.weight, torch.tensor([0, 2]), mode="mean")
    every = torch.arange(9).expand(2, 9)
    torch.testing.assert_close(model(context, inside, every), bag @ model.centre.weight.T)


def test_the_factors_are_scipys():
    text = torch.randint(0, 12, (30, 20), generator=torch.Generator().manual_seed(0)).tolist()
    M = ppmi(cooccurrence(text, 3, 12))
    U, S, _ = scipy.sparse.linalg.svds(scipy.sparse.csr_matrix(M.numpy()), k=4)
    ours, theirs = svd_vectors(M, 4), U * np.sqrt(S)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)  # axes and signs are free
