# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 04b Remedies
#
# 04a ended with a product of Jacobians that shrinks or grows at every step. This part changes the product: it caps what explodes,
# starts where nothing shrinks, and builds cells that let a gradient pass.
#
# - You can clip a gradient by its norm, and say why not by its entries.
# - You can write an LSTM and a GRU from their equations, and say which of the GRU's two conventions you wrote.
# - You can measure how far back each architecture learns, and tell memory from a loss that only looks small.
#
# About 90 minutes to work through, 69 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math

import torch
import torch.nn.functional as F

from coursekit import ledger, load, predict, result, show
from coursekit.data import adding, copy_memory, temporal_order
from coursekit.data.tasks import copy_baseline
from coursekit.models import RNNLM, RNNLMConfig
from coursekit.nn import GRU, LSTM, RNN
from coursekit.probe import gradient_norms, spectral_radius
from coursekit.probe.gradient_flow import step_of
from coursekit.text import Vocab
from coursekit.train import Carried, clip_by_norm, clip_by_value, fit, streams

show.use_style()


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. The largest singular value of each Jacobian is 0.9. What is certain after 100 steps?
# 2. The spectral radius of $V_h$ is 2. Does the gradient of a tanh network explode?
# 3. What does a window of 16 words cut in truncated backpropagation?
# 4. A model is judged by its perplexity on the text that it was trained on. What is wrong?
# 5. What does AdamW do to the length of a step if the loss is multiplied by 1000?
#
# <details><summary>Answers</summary>
#
# 1. The gradient is at most 0.9 to the power 100 of what it was: it vanished.
# 2. Nobody knows from that. The slopes lower every factor; the Lyapunov exponent of the product decides.
# 3. The paths that cross the border. The state itself goes on.
# 4. It may have learnt the text by heart. Test on what came later.
# 5. Next to nothing: it divides by the gradient's own size. Plain gradient descent takes a step 1000 times as long.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# Which of two signals came first, 20 letters long: 04a's task. Plain gradient descent, 1,000 steps, a tanh network with the spectral
# radius 1.2, three seeds. Shown is the largest loss of every 25 steps. Who has learnt nothing, and knows it, has $\ln 4$.
#
# What will the worst loss be after the first 100 steps, and will the networks have learnt the order in the end?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("worst_loss")
book, BINS = ledger("04_vanishing_gradients"), range(25, 1001, 25)
loss_at = [book.by_seed("clipping", f"lr 0.1, free/loss at {b}") for b in BINS]
curves = {f"seed {s}": (BINS, [values[s] for values in loss_at]) for s in range(3)}
labels = {"x": "step", "y": "largest loss of 25 steps (nats)"}
display(show.lines(curves, **labels, levels={"ln 4": math.log(4)}))
result(rtol=1e-6, worst_loss=max(book.values("clipping", "lr 0.1, free/peak")))
result(rtol=1e-6, ends=book.values("clipping", "lr 0.1, free/end"), guessing=math.log(4))
result(rtol=1e-6, largest_norms=book.values("clipping", "lr 0.1, free/largest norm"))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## The idea: cap the step
#
# Three out of three learnt nothing, and their losses spike, to 3.18 once. The gradient has a norm of 10 and more at places: a cliff. One
# step from its edge throws the weights far away. But the **direction** at the edge is good. So keep it, and limit the length
# (Pascanu, Mikolov and Bengio 2013). With $g$ all gradients as one long vector, $|g|$ its norm, $\tau$ the limit:
#
# $$g \leftarrow g \cdot \min\!\Big(1, \frac{\tau}{|g|}\Big) \quad \text{by norm}, \qquad
# g_i \leftarrow \min(\max(g_i, -\tau), \tau) \quad \text{by value}$$
#
# Both limit the step. Which of the two keeps the direction? And what do they do for a gradient that has vanished?

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Clipping acts between `loss.backward()` and the optimizer's step. All gradients share one norm, and one factor: clipping each matrix
# for itself would change the direction, too. The toy: a gradient of two entries, 10 and 0.1, and $\tau = 1$. By how many degrees does
# it turn when it is clipped by value?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def clip(weights, most):
    """Scale all gradients by one factor, so that their joint norm is at most `most`."""
    norm = torch.stack([w.grad.norm() for w in weights]).norm()
    for w in weights:
        w.grad *= min(1.0, most / (norm + 1e-6))
    return norm


# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
predict("degrees")
after, steep = {}, torch.tensor([10.0, 0.1], dtype=torch.float64)
ways = {"ours": clip, "package": clip_by_norm, "torch": torch.nn.utils.clip_grad_norm_}
for name, way in (ways | {"by value": clip_by_value}).items():
    w = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    w.grad = steep.clone()
    way([w], 1.0)
    after[name] = w.grad
result(equal={name: torch.allclose(after[name], after["ours"]) for name in ways})
turn = F.cosine_similarity(after["by value"], steep, dim=0).acos().rad2deg()
result(rtol=1e-6, by_norm=after["ours"], by_value=after["by value"], degrees=turn)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Cap it on a real spike
#
# By value the toy turned by 5 degrees; by norm not at all. With millions of entries of all sizes it can turn far.
#
# Now live: the same network, the same batches, the same learning rate: free, clipped by norm at 1, and by value at 0.1. What is left of
# the spikes? And does clipping only prevent harm, or does it let the network *learn*?


# %% slideshow={"slide_type": "skip"} tags=["core"]
def descend(most, way=clip, steps=500):
    """Losses and gradient norms (before clipping) of plain gradient descent."""
    layer, curve = RNN(6, 32, generator=seeded(1)), []
    W = torch.randn(4, 32, generator=seeded(101), dtype=torch.float64) / 32**0.5
    layer.weight_hh_l0.data *= 1.2 / spectral_radius(layer.weight_hh_l0)
    weights = [*layer.parameters(), torch.nn.Parameter(W.float())]
    optimizer = torch.optim.SGD(weights, lr=0.1)
    for step in range(steps):
        task = temporal_order(32, 20, seeded(10_000 + step))
        loss = F.cross_entropy(layer(task.inputs)[0][:, -1] @ weights[-1].T, task.targets)
        optimizer.zero_grad()
        loss.backward()
        curve.append((loss.item(), way(weights, most).item()))
        optimizer.step()
    return [*zip(*curve, strict=True)]


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
runs = {"free": descend(math.inf), "clipped at 1": descend(1.0)}
runs["by value, at 0.1"] = descend(0.1, clip_by_value)
curves = {name: losses for name, (losses, _) in runs.items()}
display(show.lines(curves, x="step", y="loss (nats)", levels={"ln 4": math.log(4)}))
late = {name: max(losses[200:]) for name, losses in curves.items()}
ends = {name: sum(losses[-50:]) / 50 for name, losses in curves.items()}
result(free_spikes_higher=late["free"] > late["clipped at 1"] + 0.5)
learnt = {name: loss < 0.7 * math.log(4) for name, loss in ends.items()}
result(learnt=learnt, clipped_solves=ends["clipped at 1"] < 0.1)
result(rtol=1e-6, clipped_norms=book.values("clipping", "lr 0.1, clipped/largest norm"))
sides = [("clipping", f"lr 0.1, {name}/end") for name in ("clipped", "free")]
result(three_seeds_agree=book.claim(*sides, margin=1.0))
third = {n: book.values("clipping", f"lr 0.03, {n}/end") for n in ("free", "clipped")}
result(rtol=1e-6, at_a_third_of_the_rate=third)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## Build it: a cell that lets gradients pass
#
# The clipped networks of the ledger met gradients that were steeper still, with norms of 20 and more, and solved the task: the cliffs
# stand on the way to the solution. By value works here, too, turned as it is. (At a third of the rate two of three free networks get
# there without: clipping buys a larger rate.) But clipping never makes a gradient *longer*. Against vanishing, the step itself must change.
# Hochreiter and Schmidhuber's idea: a second state, the **cell** $c$, which is not squashed and multiplied by a matrix, but added to;
# and, since Gers and others (2000), kept by a **gate**:
#
# $$c_n = f \odot c_{n-1} + i \odot g, \qquad h_n = o \odot \tanh(c_n), \qquad g = \tanh(W_g x_n + U_g h_{n-1} + b_g)$$
#
# $i$ (input), $f$ (forget), $o$ (output): logistic functions of $x_n$ and $h_{n-1}$, each with weights of its own, each $B \times H$,
# between 0 and 1; $\odot$ multiplies entry by entry. Along the cell one step back is
#
# $$\frac{\partial c_n}{\partial c_{n-1}} = \mathrm{diag}(f) + \dots$$
#
# where the dots are the ways round through $h$. With $f$ near 1 the product does not shrink.

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Ten lines. torch keeps the four gates in one matrix, in the order $i, f, g, o$: `W` is $4H \times D$ for inputs of $D$ numbers, `U` is
# $4H \times H$. The cell takes its weights from the course's layer and must give the same $h$ and $c$ as the layer, and as torch.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def lstm(x, h, c, W, U, b):
    """h and c after one step: Hochreiter and Schmidhuber 1997, Gers and others 2000."""
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)  # each B, H
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


x, h, c = torch.rand(3, 2, 4, generator=seeded(0), dtype=torch.float64)  # each 2, 4
layer, theirs = LSTM(4, 4).double(), torch.nn.LSTM(4, 4, batch_first=True).double()
theirs.load_state_dict(layer.state_dict())
W, U, b_x, b_h = layer.parameters()
ours = torch.stack(lstm(x, h, c, W, U, b_x + b_h))
others = [layer.step(x, (h[None], c[None]))[1], theirs(x[:, None], (h[None], c[None]))[1]]
same = [torch.allclose(ours, torch.cat(other), atol=1e-12) for other in others]
print("W", tuple(W.shape), "U", tuple(U.shape), "h and c", tuple(ours.shape))
result(equals_the_package=same[0], equals_torch=same[1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### The GRU, in its two conventions
#
# One state less, two gates: the update gate $z$ says how much of the old state $h$ stays in the new one $h'$, the reset gate $r$ how
# much of it the proposal $n$ may see. ($n$ counts no steps here; $b_n$ and $u_n$ are its two biases, $H$ numbers each.)
#
# $$h' = (1 - z) \odot n + z \odot h, \qquad n = \begin{cases} \tanh\big(W_n x + b_n + r \odot (U_n h + u_n)\big) &
# \text{reset after} \\ \tanh\big(W_n x + b_n + U_n (r \odot h) + u_n\big) & \text{reset before} \end{cases}$$
#
# **Before** the matrix product is the paper (Cho and others 2014); **after** it is what torch and cuDNN compute, since $U_n h$ then need
# not wait for $r$. The weights fit either, so a mix-up raises no error. By how much would the states differ?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def gru(x, h, W, U, b, u, reset="after"):
    """The state after one step; W and U hold the gates in the order r, z, n."""
    (W_r, W_z, W_n), (U_r, U_z, U_n) = W.chunk(3), U.chunk(3)
    (b_r, b_z, b_n), (u_r, u_z, u_n) = b.chunk(3), u.chunk(3)
    r = torch.sigmoid(x @ W_r.T + b_r + h @ U_r.T + u_r)  # B, H
    z = torch.sigmoid(x @ W_z.T + b_z + h @ U_z.T + u_z)
    past = r * (h @ U_n.T + u_n) if reset == "after" else (r * h) @ U_n.T + u_n
    return (1 - z) * torch.tanh(x @ W_n.T + b_n + past) + z * h


# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
states = {}
for reset in ("after", "before"):
    layer, theirs = GRU(4, 4, reset=reset).double(), torch.nn.GRU(4, 4, batch_first=True).double()
    theirs.load_state_dict(layer.state_dict())
    states[reset] = gru(x, h, *layer.parameters(), reset=reset)
    others = [layer.step(x, h[None])[0], theirs(x[:, None], h[None])[0][:, 0]]
    same = [torch.allclose(states[reset], other, atol=1e-12) for other in others]
    result(reset=reset, equals_the_package=same[0], equals_torch=same[1])
result(rtol=1e-6, differ_by=(states["after"] - states["before"]).abs().max())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: start where nothing shrinks
#
# The two differ by up to 0.07 after a single step, and no error tells. Each is right; a mixture is not. Three cheaper ideas: two change only the
# start, one adds a term.
#
# - **Orthogonal** $V_h$: all singular values are 1, so only the slopes shrink (Saxe, McClelland and Ganguli 2014).
# - **Identity** $V_h$ with ReLU: slopes 0 and 1, the state is kept until training says otherwise (Le, Jaitly and Hinton 2015).
# - **Residual path**: $h_n = h_{n-1} + \epsilon \tanh(V_x x_n + V_h h_{n-1})$. The Jacobian is $I + \epsilon\, \mathrm{diag}(\sigma')
#   V_h$, near the identity. The LSTM's cell does this in time; chapter 08 will do it in depth.
#
# One sequence of 100 steps, first weights. Order the five by what is left of the gradient at the far end.

# %% slideshow={"slide_type": "skip"} tags=["core"]
long_x = temporal_order(1, 100, seeded(1)).inputs[0].double()  # T, 6
plain = RNN(6, 32).double()
net = {"torch's start": step_of(plain)}
net["orthogonal"] = step_of(RNN(6, 32, init="orthogonal").double())
net["identity, ReLU"] = step_of(RNN(6, 32, nonlinearity="relu", init="identity").double())
net["residual, 0.1"] = lambda x, h: h + 0.1 * net["torch's start"](x, h)
net["LSTM"] = step_of(LSTM(6, 32, forget_bias=1).double())

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("orthogonal_at_100")
flow = {}
for name, step in net.items():
    size = 64 if name == "LSTM" else 32  # an LSTM's state is h and c
    end, start = torch.ones(2, size, dtype=torch.float64) * torch.tensor([[size**-0.5], [0.0]])
    flow[name] = gradient_norms(step, long_x, start, lambda s, end=end: s @ end)
curves = {name: (range(101), norms.clamp(min=1e-30)) for name, norms in flow.items()}
display(show.lines(curves, x="distance (steps)", y="norm of the gradient", logy=True))
result(rtol=1e-5, at_100={n: norms[100].log10() for n, norms in flow.items()})
result(rtol=1e-5, orthogonal_at_100=flow["orthogonal"][100].log10())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Why not a better optimizer?
#
# At 100 steps torch's own start has $10^{-25}$ left, the LSTM $10^{-8}$, the orthogonal start $10^{-5}$, the identity nearly half. The
# residual path has *more* than at the end: near the identity, but on the growing side.
#
# The far part of a gradient is short, not wrong. Newton's method would lengthen it: it divides by the curvature, the **Hessian** of second
# derivatives, one for each *pair* of weights. How many gigabytes does it need for 03a's language model of 141,018
# weights, at 4 bytes a number? (Hessian-free methods, Martens and Sutskever 2011, need only products with it; they worked, and gates and
# clipping were cheaper.)

# %% slideshow={"slide_type": "subslide"} tags=["extra", "toy"] minutes=1
predict("gigabytes")
weights = 141_018
result(pairs=weights**2)
result(rtol=1e-9, gigabytes=4 * weights**2 / 1e9, multiplications_to_invert=float(weights**3))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Look inside: the forget gate's bias
#
# Newton would need 80 gigabytes for a network of half a megabyte. Gates are cheaper. An LSTM with 16 units at its first weights. `bias`
# is added to the forget gates: with $\beta$ there, the gate is about $f = 1 / (1 + e^{-\beta})$. Two lines: the gradient of the last cell
# by distance, measured, and $f^k$, the direct path alone.
#
# - Which bias keeps a tenth of the gradient over 100 steps?
# - Where do the two lines part, and what fills the gap?
#
# <details><summary>What there is to find</summary>
#
# 2.5 and more. With a small bias both lines plunge: an LSTM can keep, but does not by itself. The measured line lies well above
# $f^k$: gates differ from unit to unit, and other ways lead through $h$. From 3 on the gradient even grows a little.
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
def look(bias):
    """The gradient of the last cell by distance, beside the direct path."""
    step = step_of(LSTM(6, 16, forget_bias=bias).double())
    end = F.pad(torch.full((16,), 0.25, dtype=torch.float64), (16, 0))  # h, then c
    norms = gradient_norms(step, long_x, torch.zeros(32).double(), lambda s: s @ end)
    direct = torch.tensor(bias).double().sigmoid() ** torch.arange(101)
    curves = {"measured": norms, "direct path, f ^ k": direct}
    curves = {name: (range(101), ys.clamp(min=1e-30)) for name, ys in curves.items()}
    labels = {"x": "distance k (steps)", "y": "norm of the gradient of c", "limits": (1e-12, 1e2)}
    return show.lines(curves, **labels, logy=True)


show.slider(look, bias=(-1.0, 7.0, 0.5), start={"bias": 1.0})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: how far back each one learns
#
# From the ledger. Each architecture (32 units, AdamW, clipped at 1 but for plain tanh) is trained on sequences of 10 letters. If it
# **solves** them (99 of 100 fresh ones right, within 1,500 steps, one of two learning rates), it goes on to 20, 40, 80, 160, 320. Three
# seeds. The last row draws its forget biases so that $1 / (1 - f)$, the steps that a cell remembers, spreads over
# the whole length (Tallec and Ollivier 2018).
#
# Which length is the last that plain tanh solves? Which one the best LSTM?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("tanh_at_best")
ARCHITECTURES = ["tanh", "tanh, orthogonal", "ReLU, identity", "GRU"]
ARCHITECTURES += ["LSTM, forget bias 1", "LSTM, forget bias by lag"]
longest = {a: book.values("longest, " + a, "longest") for a in ARCHITECTURES}
alt = "; ".join(f"{a} {', '.join(str(int(v)) for v in vs)}" for a, vs in longest.items())
picture, ax = show.canvas(f"Dots, longest sequence solved, three seeds each: {alt}.", height=3.2)
for row, lengths in enumerate(longest.values()):
    ax.plot(lengths, [row - 0.2, row, row + 0.2], "o", markersize=9, color="#0072B2")
ax.set(xscale="log", xlim=(8, 200), ylim=(5.6, -0.6), xlabel="longest sequence solved, by seed")
ax.set_xticks([10, 20, 40, 80, 160], ["10", "20", "40", "80", "160"])
ax.set_yticks(range(6), ARCHITECTURES)
ax.minorticks_off()
display(picture)
result(rtol=1e-9, longest=longest, tanh_at_best=max(longest["tanh"]))

# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
beats = [("tanh", "tanh, orthogonal", 15), ("tanh, orthogonal", "ReLU, identity", 35)]
beats += [(a, "LSTM, forget bias by lag", 35) for a in ("GRU", "LSTM, forget bias 1")]
for shorter, longer, margin in beats:
    sides = [("longest, " + a, "longest") for a in (shorter, longer)]
    result(claim=f"{shorter} < {longer}", by=margin, holds=book.claim(*sides, margin=margin))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Plain tanh ends at 20, one seed at 10; an orthogonal start brings it to 40 in every seed. The farthest are the LSTM with biases for the
# lag, and a ReLU network without any gate that starts from the identity: 80, once 160. The GRU from its plain start gets no farther than
# the orthogonal network, and one LSTM with bias 1 ends at 20. **A gate can keep; whether it does is a matter of its start.** (All with 32
# units and 1,500 steps; other budgets have other limits.)
#
# Does the gradient at the *first* weights tell who will learn far? From the ledger: its norm by distance, three seeds, 8 sequences each.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
DISTANCES = [0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
shown = ["tanh, radius 0.5", *ARCHITECTURES[1:]]
power = {a: [book.mean("flow", f"{a}/measured at {k}") for k in DISTANCES] for a in shown}
labels = {"x": "distance from the end (steps)", "y": "gradient (power of ten)"}
display(show.lines({a: (DISTANCES, ys) for a, ys in power.items()}, **labels))
result(rtol=1e-6, atol=1e-9, at_100={a: ys[-1] for a, ys in power.items()})
right = [max(book.values("flow", f"{a}/error")) < 1e-9 for a in shown]
result(predicted_is_measured=all(right))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: a small loss without a memory
#
# Much the same order: below $10^{-32}$ for small random weights like torch's own, $10^{-8}$ and $10^{-4}$ in the middle, about a third
# and four fifths for the two that learn farthest. But the GRU, with $10^{-19}$, learnt as far as the orthogonal start: **a hint, no
# verdict.**
#
# **Copy memory**: read ten symbols (eight kinds), wait 50 steps, repeat them. **Adding**: add the two marked numbers of a long row. Both
# have a baseline in closed form, the loss of the best answer that remembers *nothing*: for copying, $10 \ln 8$ spread over all steps; for
# adding, the variance $1/6$.
#
# A GRU, 150 steps, 50 blanks: its loss falls from above 2 nats to 0.3. What share of the ten symbols does it get right?


# %% slideshow={"slide_type": "skip"} tags=["core"]
class Copier(torch.nn.Module):
    """A GRU, and a linear read-out of each of its states: 48 hidden units, 9 symbols."""

    def __init__(self):
        super().__init__()
        self.gru = GRU(10, 48, generator=seeded(0))
        start = torch.randn(9, 48, generator=seeded(1), dtype=torch.float64) / 48**0.5
        self.read = torch.nn.Parameter(start.float())

    def forward(self, inputs):
        return self.gru(inputs)[0] @ self.read.T  # B, T, 9


def nats(model, task):
    """The mean loss of all steps."""
    return F.cross_entropy(model(task.inputs).flatten(0, 1), task.targets.flatten())


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("symbols_right")
copier = Copier()
history = fit(copier, lambda step: copy_memory(32, 50, seeded(step)), nats, steps=150, lr=1e-2)
labels = {"x": "training step", "y": "loss (nats per step)"}
levels = {"remembers nothing": copy_baseline(50)}
display(show.lines({"GRU": history.loss}, **labels, levels=levels))
test = copy_memory(500, 50, seeded(9_999))
right = (copier(test.inputs).argmax(-1) == test.targets).double()
result(rtol=1e-6, baseline=copy_baseline(50))
found = {"steps_right": right.mean(), "symbols_right": right[test.mask].mean()}
result(atol=0.02, loss=nats(copier, test), **found)
sums = adding(10_000, 50, seeded(0)).targets
result(rtol=1e-6, adding_baseline=((sums - 1) ** 2).mean())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# The GRU gets 0.87 of all steps right, its loss of 0.30 looks small: and of the ten symbols it has 0.12, which is guessing one in eight.
# It has learnt *when* to answer. Without the dashed line one would have called that a success.
#
# Do gates reach farther on English? The manual that comes with Python, by characters: an Elman network and an LSTM, 150 steps of training
# each. Then the loss of one character, traced back over 60, averaged over ten places. Whose gradient arrives 40 characters back?
# Versions of Python differ, so only claims are stored.


# %% slideshow={"slide_type": "skip"} tags=["core"]
def reach(model, ids, far=40):
    """Log of the gradient `far` characters back over that 1 back: mean of ten places, in nats."""
    model, norms = model.double(), []
    size = 64 * (2 if isinstance(model.rnn, LSTM) else 1)
    for at in range(5000, 15_000, 1000):
        text = torch.tensor(ids[at : at + 61])
        loss = lambda s, y=text[60]: F.cross_entropy(model.output(s[:64]), y)  # noqa: E731
        start = torch.zeros(size, dtype=torch.float64)
        given = model.embed(text[:60]).detach()
        norms.append(gradient_norms(step_of(model.rnn), given, start, loss))
    share = torch.stack(norms).log().mean(0)
    return (share[far] - share[1]).item()


# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(part["text"]) for split, part in load("text", source="pydoc").items()}
letters = Vocab.build([manual["train"]])
ids, reached = letters.encode(manual["train"]), {}
for cell in ("rnn", "lstm"):
    model = RNNLM(RNNLMConfig(len(letters), cell=cell, width=32, hidden=64))
    fit(Carried(model, 32), streams(ids, 32, 64), lambda m, w: m(w), steps=150, lr=1e-2)
    reached[cell] = reach(model, ids)
result(the_lstm_reaches_farther=reached["lstm"] > reached["rnn"] + 2)
result(both_vanish=max(reached.values()) < -5)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["extra"]
# On the manual the LSTM's gradient reaches farther, and even so it vanishes: of what is left after one step back, less than a hundredth
# arrives after 40. With a network, longer texts are one argument away: `load("wikitext", source="hub")`.

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: clip value carousel forget baseline

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Hochreiter and Schmidhuber 1997, *Long short-term memory*; Gers, Schmidhuber and Cummins 2000, *Learning to forget*.
# - Cho and others 2014, *Learning phrase representations using RNN encoder-decoder*: the GRU.
# - Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*: cliffs and clipping.
# - Saxe, McClelland and Ganguli 2014, *Exact solutions to the nonlinear dynamics of learning in deep linear neural networks*; Le, Jaitly
#   and Hinton 2015, *A simple way to initialize recurrent networks of rectified linear units*.
# - Arjovsky, Shah and Bengio 2016, *Unitary evolution recurrent neural networks*: copy memory and adding as they are used here.
# - Tallec and Ollivier 2018, *Can recurrent neural networks warp time?*: where the biases by lag come from.
#
# Next: the exercises of chapter 04; then chapter 05, one network that reads and one that writes.
