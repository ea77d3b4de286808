# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 04a Why gradients vanish
#
# In 03b the picture of who teaches whom was dark away from its diagonal: what a late word's loss says about an early step was
# almost nothing. This part finds out why, and predicts the darkness to the last digit.
#
# - You can write the gradient of a late loss at an early step as a product of Jacobians, and bound it by singular values.
# - You can say when a spectral radius decides, and what decides where it does not.
# - You can predict the norm of a gradient by distance, measure it, and lay both on one plot.
#
# About 80 minutes to work through, 63 as a lecture.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import torch
import torch.nn.functional as F

from coursekit import ledger, load, predict, probe, result, show
from coursekit.data import temporal_order
from coursekit.models import RNNLM, RNNLMConfig
from coursekit.probe import gradient_norms, jacobians, predicted_norms, singular_values
from coursekit.probe.gradient_flow import states, step_of
from coursekit.text import Vocab
from coursekit.train import Carried, fit, streams

show.use_style()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. Why does backpropagation through time run backwards?
# 2. Windows of 8 words are trained one after the other, with the state carried. What is cut at a border, the state or its history?
# 3. Two words stand in like places in many texts. What do skip-gram's vectors make of that?
# 4. A model's loss lies below the floor. Which two explanations are left?
# 5. $y = C\,B\,A\,x$. Which of the three matrices acts first?
#
# <details><summary>Answers</summary>
#
# 1. What reaches a step from all later losses is one vector, handed on. Each step costs one product.
# 2. The history: the numbers go on, the gradient stops.
# 3. They put the two words near each other.
# 4. Luck, or the answer stood in the input.
# 5. $A$, the one beside $x$. A row from the left meets $C$ first: that is the way of a gradient.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Why
#
# A task that needs a memory, and nothing else (Hochreiter and Schmidhuber 1997). In a row of 50 random letters stand two
# **signals**, each `X` or `Y`: one early, one near the middle. After the last letter: in which order did they come? Four classes.
#
# Weights that keep the first signal are learnt only if the loss at the end tells the early state what it should have kept. How
# loud is it told? Guess how many times smaller the gradient is where the first signal was read than at the end.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def network(radius, f=torch.tanh, hidden=32):
    """One step h_n = f(V_x x_n + V_h h_{n-1}), and a V_h that has this spectral radius."""
    draw = torch.Generator().manual_seed(0)
    V_x, V_h = (torch.randn(hidden, n, generator=draw, dtype=torch.float64) for n in (6, hidden))
    V_h *= radius / probe.spectral_radius(V_h)
    return (lambda x, h: f(0.4 * V_x @ x + V_h @ h)), V_h


predict("times_smaller")
task, h0 = temporal_order(1, 50, torch.Generator().manual_seed(1)), torch.zeros(32).double()
x, target = task.inputs[0].double(), task.targets[0]  # T, 6 and a class
W = torch.randn(4, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64) / 32**0.5
norms = gradient_norms(network(1.0)[0], x, h0, lambda h: F.cross_entropy(W @ h, target))
print("".join("XYabcd"[i] for i in x.argmax(1)), "-> class", int(target))
first = 49 - int(x[:, :2].sum(1).nonzero()[0])  # steps between the first signal and the end
result(distance=first, rtol=1e-6, times_smaller=norms[0] / norms[first])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## The idea: one Jacobian a step
#
# Over 40 steps the gradient became 8174 times smaller. To see why, follow it. The loss after the last step, $\ell_N$, sees
# the output $y_N$, that sees $h_N$, and so on back:
#
# $$\frac{d\ell_N}{dh_1} = \frac{d\ell_N}{dy_N}\,\frac{dy_N}{dh_N}\; J_N\, J_{N-1} \cdots J_2,
# \qquad J_n = \frac{dh_n}{dh_{n-1}} = \mathrm{diag}\big(\sigma'(z_n)\big)\, V_h$$
#
# $\sigma$ is the nonlinearity, $z_n = V_x x_n + V_h h_{n-1} + c$ what it is given ($c$: the bias of 03a; the toy has none).
# $\mathrm{diag}$ puts $H$ numbers on the diagonal of a matrix. The first two factors are a row of $H$ numbers.
# Every step back multiplies it by one more matrix of $H \times H$: **fifty factors below 1 are nearly nothing, above 1 very much.**
#
# But a matrix is not a number. By how much does it stretch a row?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### One step is bounded by singular values
#
# Send all rows of length 1, a circle, through a Jacobian: an ellipse comes out. Half its long axis is the largest **singular
# value** $s_{\max}$, half its short axis the smallest. No row is stretched more, so for $k$ steps
#
# $$\Big|\frac{d\ell_N}{dh_{N-k}}\Big| \;\le\; \Big|\frac{d\ell_N}{dh_N}\Big| \prod_{i<k} s_{\max}(J_{N-i})
# \;\le\; \Big|\frac{d\ell_N}{dh_N}\Big|\; \big(s_{\max}(V_h)\, \max \sigma'\big)^k$$
#
# Where $s_{\max}(V_h) \max \sigma' < 1$ it **must** vanish. Above 1 nothing is proved: the long axis of one step need not lie along the
# long axis of the next.
#
# Below is a Jacobian of two units. Guess its largest singular value from its entries.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("stretches_by")
slopes, V_two = torch.tensor([0.9, 0.4]).double(), torch.tensor([[1.0, 0.8], [-0.5, 1.2]]).double()
J = slopes.diag() @ V_two  # 2, 2
angle = torch.linspace(0, 6.2832, 200, dtype=torch.float64)
circle = torch.stack([angle.cos(), angle.sin()], dim=1)  # rows of length 1
most, least = singular_values(J)
alt = f"A circle becomes an ellipse: half axes {most:.2f} and {least:.2f}."
picture, ax = show.canvas(alt, height=3.2)
ax.plot(*circle.T, color="#999999", label="rows before")
ax.plot(*(circle @ J).T, color="#0072B2", label="one step back")
labels = {"xlabel": "first entry of the row", "ylabel": "second entry"}
ax.set(**labels, aspect="equal", title=f"longest {most:.2f}, shortest {least:.2f}")
ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
display(picture)
result(rtol=1e-6, stretches_by=most, at_least=least, J=J)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The longest row after the step has the length 1.16, although no slope is above 0.9: the weights did that, and the entries alone do not
# show it. The slopes' part comes from the nonlinearity. At which $z$ is it largest, for $\tanh$ and for the logistic function $1 / (1 +
# e^{-z})$? And how large?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
z = torch.linspace(-5, 5, 201, dtype=torch.float64)
derivative = {"tanh": 1 - z.tanh() ** 2, "logistic": z.sigmoid() * (1 - z.sigmoid())}
curves = {name: (z, slope) for name, slope in derivative.items()}
display(show.lines(curves, x="z", y="slope"))
result(rtol=1e-9, largest={name: slope.max() for name, slope in derivative.items()})
result(rtol=1e-6, tanh_at_3=derivative["tanh"][160])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### What decides in the limit
#
# $\tanh' \le 1$ and logistic$' \le 1/4$; a **saturated** unit (at $z = 3$ the slope is 0.01) passes on next to nothing.
#
# If **every step had the same Jacobian** $J$, the product were a power, $J^k$. After many steps it grows like $\rho^k$, where the
# **spectral radius** $\rho$ is the largest absolute value of an eigenvalue of $J$.
#
# But $\sigma'(z_n)$ changes with each input. Then eigenvalues of single factors decide nothing, and those of $V_h$ still less. What
# decides is the growth rate of the product itself, its largest **Lyapunov exponent**
#
# $$\lambda = \lim_{k \to \infty} \frac{1}{k} \log \big| J_{k} \cdots J_1\, q \,\big| \qquad \text{(for almost any first direction } q)$$
#
# in nats a step: $\lambda < 0$ vanishes, $\lambda > 0$ explodes, and for one constant $J$ it is $\log \rho$.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Build it: the prediction in five lines
#
# For tanh, $\sigma'(z_n) = 1 - h_n^2$: the states are all one needs. `gradient` is the row $d\ell_N/dh_N$, here
# $(p - \text{one-hot})\, W$ with the $p$ of softmax, $H$ numbers. `h` holds the states $h_1 \dots h_N$, $N \times H$. No autograd.
#
# The package predicts from any step function's Jacobians (`jacobians`, `predicted_norms`), and measures with autograd
# (`gradient_norms`). By how much may the three differ?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def by_distance(gradient, h, V_h):
    """|dl/dh_{N-k}| for k = 0 ... N: the row at the end, through one Jacobian after the other."""
    norms = [gradient.norm()]
    for h_n in h.flip(0):  # from the last step back
        gradient = (gradient * (1 - h_n**2)) @ V_h  # times diag(tanh'(z_n)) V_h
        norms.append(gradient.norm())
    return torch.stack(norms)


step, V_h = network(1.0)
h = states(step, x, h0)[1:]  # N, H
at_end = ((W @ h[-1]).softmax(0) - F.one_hot(target, 4)) @ W  # H
ours, packaged = by_distance(at_end, h, V_h), predicted_norms(at_end, jacobians(step, x, h0))
same = {"package": packaged, "autograd": norms}
result(steps=len(h), equal={n: torch.allclose(ours, o, rtol=1e-9) for n, o in same.items()})
result(rtol=1e-6, at_the_end=ours[0], ten_back=ours[10], fifty_back=ours[50])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Use it: predicted and measured
#
# Three ways, one curve. Now other weights: the same random $V_h$, scaled to the spectral radius 0.5, 1, 2 and 4. Lines are predicted
# from the Jacobians, black dots are measured by autograd.
#
# With a radius of 2, will the gradient explode? Say what is left of it after 50 steps, as a power of ten.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("power_at_radius_2")
pairs, RADII = {}, [0.5, 1.0, 2.0, 4.0]
for radius in RADII:
    step, _ = network(radius)
    at_end = ((W @ states(step, x, h0)[-1]).softmax(0) - F.one_hot(target, 4)) @ W
    seen = gradient_norms(step, x, h0, lambda h: F.cross_entropy(W @ h, target))
    pairs[radius] = torch.stack([predicted_norms(at_end, jacobians(step, x, h0)), seen]).log10()
curves = {f"radius {r}, predicted": (range(51), 10 ** pairs[r][0]) for r in RADII}
picture = show.lines(curves, x="distance from the end (steps)", y="norm of the gradient", logy=True)
for radius in RADII:
    picture.axes[0].plot(range(0, 51, 5), 10 ** pairs[radius][1][::5], "o", color="black", ms=4)
display(picture)

# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
told, seen = torch.cat(list(pairs.values()), dim=1)  # log10, of all radii and distances
result(atol=1e-6, correlation=torch.corrcoef(torch.stack([told, seen]))[0, 1])
result(atol=1e-6, largest_difference=(told - seen).abs().max())
change = {r: (pairs[r][1][-1] - pairs[r][1][0]).item() for r in RADII}
result(rtol=1e-6, powers=change, power_at_radius_2=change[2.0])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: radius and activation
#
# Predicted and measured agree to the last digits: their logarithms correlate with 1, and no point is off. At radius 0.5 less than
# $10^{-18}$ is left. At radius 2 it is **six times what it was** at the end, where $2^{50}$ would be $10^{15}$ times. At 4 it explodes.
#
# The slider shows the measured gradient, the bound of the singular values, and what the spectral radius of $V_h$ alone would say,
# $\rho^k$ (a straight line).
#
# - With tanh, raise the radius. When does the gradient follow the straight line, when does it leave it, and to which side?
# - Which radius does the logistic function need to keep a gradient alive? And what does ReLU do?
#
# <details><summary>What there is to find</summary>
#
# Small weights keep tanh in its middle, where the slope is nearly 1: there the radius tells. Large weights saturate it, and the curve
# falls below the line. Behind the logistic function even radius 4 leaves a ten-millionth: its slope is at most 1/4. ReLU has slopes 0
# and 1; nothing saturates, and from 1.5 on it explodes. The bound is never crossed, and seldom near.
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
def look(radius, activation):
    """Measured, bounded and guessed: the gradient by distance at these weights."""
    step, _ = network(radius, activation)
    gradient = W[0] / W[0].norm()  # a row of length 1 at the end
    seen = gradient_norms(step, x, h0, lambda h: h @ gradient)
    each = singular_values(jacobians(step, x, h0))[:, 0].flip(0)
    bound = F.pad(each.cumprod(0), (1, 0), value=1.0)
    curves = {"measured": seen, "bound of singular values": bound}
    curves["spectral radius ^ k"] = torch.tensor(radius).double() ** torch.arange(51)
    curves = {name: (range(51), ys.clamp(1e-30)) for name, ys in curves.items()}
    labels = {"x": "distance k (steps)", "y": "norm of the gradient", "limits": (1e-22, 1e22)}
    return show.lines(curves, **labels, logy=True)


ACTIVATIONS = {"tanh": torch.tanh, "logistic": torch.sigmoid, "ReLU": torch.relu}
begin = {"radius": 2.0, "activation": "tanh"}
show.slider(look, radius=(0.25, 4.0, 0.25), activation=ACTIVATIONS, start=begin)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: the exponent, not the radius
#
# If the radius of $V_h$ decided, 1 would be the border between vanishing and exploding, and $\lambda$ would be $\log \rho$. The
# exponent in four lines: send any direction through the Jacobians, add up the logarithms of its growth, and rescale it to length 1.
# Here it is along 1,000 steps at radius 1, beside the package (which follows all $H$ directions at once) and $\log \rho$.
#
# At which radius will $\lambda$ change its sign? Keep your guess for the plot.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def exponent(J):
    """The largest Lyapunov exponent of these Jacobians, T H H: nats a step."""
    q, total = torch.ones(J.size(-1), dtype=J.dtype), 0.0
    for J_n in J:  # from the first step on
        q = J_n @ q
        total += q.norm().log()
        q = q / q.norm()
    return total / len(J)


long_x = temporal_order(1, 1000, torch.Generator().manual_seed(3)).inputs[0].double()
J = jacobians(network(1.0)[0], long_x, h0)  # T, H, H
ours, packaged = exponent(J), probe.lyapunov_exponents(J)[0]
result(atol=1e-3, exponent=ours, log_radius=probe.spectral_radius(network(1.0)[1]).log())
result(equals_the_package=abs(ours - packaged).item() < 0.01)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# At radius 1 the network loses 0.23 nats a step: over 40 steps a factor of $e^{9}$, about what *Why* found. The radius says 0: nothing
# lost.
#
# From the ledger, with other weights and sequences: radii 0.5, 1, 2 and 4, three seeds, 100 steps of the same task, eight sequences
# each. If every Jacobian were $V_h$, the exponent would be $\log \rho$. How far below that will it lie at radius 4?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("missing_at_4")
book = ledger("04_vanishing_gradients")
keys = [f"tanh, radius {r}" for r in RADII]
log_radius = [book.mean("flow", f"{key}/log radius") for key in keys]
rates = {"log of the radius": log_radius}
rates["Lyapunov exponent"] = [book.mean("flow", f"{key}/exponent") for key in keys]
labels = {"x": "spectral radius of V_h", "y": "growth (nats a step)", "logx": True}
curves = {n: (RADII, ys) for n, ys in rates.items()}
picture = show.lines(curves, **labels, levels={"the gradient stays, at": 0})
picture.axes[0].set_xticks(RADII, RADII)
display(picture)
result(atol=1e-6, log_radius=log_radius, exponent=rates["Lyapunov exponent"])
result(rtol=1e-9, missing_at_4=log_radius[-1] - rates["Lyapunov exponent"][-1])

# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
below = [(("flow", f"{key}/exponent"), ("flow", f"{key}/log radius")) for key in keys[2:]]
result(below_by_half=[book.claim(*pair, margin=0.5) for pair in below])
errors = [book.values("flow", f"{key}/error") for key in keys]
result(predicted_is_measured=max(map(max, errors)) < 1e-9, seeds=len(errors[0]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: eigenvalues
#
# At radius 2 the exponent is -0.05 on average: an eigenvalue of 2, and yet the gradient shrinks, slowly (the one network above
# grew: near the border, draws differ). At 4 it is 0.20, which is 1.18 below $\log 4$. So the border lies between 2 and 4 here,
# not at 1: saturated units lower every factor.
#
# "All eigenvalues are below 1, so the gradient vanishes": in the end, if $J$ is constant. **Until then it may do anything.** Take
#
# $$V_h = \begin{pmatrix} 0.5 & 10 \\ 0 & 0.5 \end{pmatrix}, \qquad \text{both eigenvalues } 0.5, \qquad
# \text{and the row } (1, 0) \text{ at the end}$$
#
# with slopes of 1. How large is the gradient one step back? Three steps back? When is it smaller than at the end?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("largest")
shear = torch.tensor([[0.5, 10.0], [0.0, 0.5]], dtype=torch.float64)
flow = predicted_norms(torch.tensor([1.0, 0.0]).double(), shear.expand(16, 2, 2))
calm = 0.5 ** torch.arange(17)
curves = {"this matrix": (range(17), flow), "0.5 times the identity": (range(17), calm)}
display(show.lines(curves, x="distance from the end (steps)", y="norm of the gradient", logy=True))
result(rtol=1e-9, radius=probe.spectral_radius(shear), singular_value=singular_values(shear)[0])
result(rtol=1e-9, largest=flow.max(), three_back=flow[3])
result(smaller_from=int((flow < 1).nonzero()[0]))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The norm leaps to 10.01 and is below 1 only from the eighth step on. The matrix is **non-normal**: its eigenvectors do not stand at
# right angles (this one has a single direction of them), and singular values (here 10.02) lie far from eigenvalues. What a training step
# feels is the first steps, not the limit.
#
# Now the other way round: $V_h = 3 \begin{pmatrix} 1 & -1 \\ 1 & -1 \end{pmatrix}$ has $V_h V_h = 0$: two steps back, the gradient is
# zero. Suppose the second unit is half saturated, with the slope 0.5. Guess the spectral radius of $\mathrm{diag}(1, 0.5)\, V_h$.

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
predict("radius_behind_slopes")
V_zero = 3 * torch.tensor([[1.0, -1.0], [1.0, -1.0]], dtype=torch.float64)
J = torch.tensor([1.0, 0.5], dtype=torch.float64).diag() @ V_zero
for name, matrix in (("slopes 1, 1  ", V_zero), ("slopes 1, 0.5", J)):
    power = singular_values(probe.jacobian_products(matrix.expand(8, 2, 2)))[:, 0]  # k = 0 ... 8
    print(name, "longest row after k steps:", [round(v, 1) for v in power.tolist()])
result(
    atol=1e-6, radius_of_V=0.0 if (V_zero @ V_zero == 0).all() else probe.spectral_radius(V_zero)
)
result(rtol=1e-6, radius_behind_slopes=probe.spectral_radius(J))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# A slope that *shrinks* what it touches has turned a vanishing gradient into an exploding one, 1.5 times a step: two paths no longer
# cancel. So look at the Jacobians themselves, not at $V_h$.
#
# The same on English: the manual that comes with Python, by characters. A recurrent language model, 150 steps of training, then the
# loss of one character traced back over the 60 before it. Is the prediction still exact? What share of the gradient reaches 40 characters
# back? Versions of Python differ, so only claims are stored.

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(part["text"]) for split, part in load("text", source="pydoc").items()}
letters = Vocab.build([manual["train"]])
ids = letters.encode(manual["train"])
speller = RNNLM(RNNLMConfig(len(letters), cell="rnn", width=32, hidden=64))
fit(Carried(speller, 32), streams(ids, 32, 32), lambda m, w: m(w), steps=150, lr=1e-2)
exact = speller.double()
text, start = torch.tensor(ids[5000:5061]), torch.zeros(64).double()
given, flowing = exact.embed(text[:60]).detach(), step_of(exact.rnn)
seen = gradient_norms(flowing, given, start, lambda h: F.cross_entropy(exact.output(h), text[60]))
p = exact.output(states(flowing, given, start)[-1]).softmax(0)
at_end = ((p - F.one_hot(text[60], len(p))) @ exact.output.weight).detach()
told = predicted_norms(at_end, jacobians(flowing, given, start))
result(exact=torch.allclose(told, seen), vanishes=(seen[40] < seen[0] / 20).item())

# %% [markdown] slideshow={"slide_type": "skip"} tags=["extra"]
# Less than a twentieth of the gradient arrives 40 characters back, and the prediction is exact. With a network, longer texts are
# one argument away: `load("wikitext", source="hub")`, then split its lines into words. Everything after it stays.

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: bound logistic radius nonnormal exponent

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Hochreiter 1991, *Untersuchungen zu dynamischen neuronalen Netzen*: the problem, found and explained in a diploma thesis.
# - Bengio, Simard and Frasconi 1994, *Learning long-term dependencies with gradient descent is difficult*: why a safe memory and a
#   useful gradient exclude each other.
# - Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*.
# - Trefethen and Embree 2005, *Spectra and pseudospectra*: what non-normal matrices do before the limit.
# - Engelken, Wolf and Abbott 2023, *Lyapunov spectra of chaotic recurrent neural networks*.
#
# Next: [04b](04b_remedies.ipynb), what to do about it.
