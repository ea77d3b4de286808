"""Looking inside: tensors in, tensors out. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.probe.gradient_flow import gradient_norms as gradient_norms
    from coursekit.probe.gradient_flow import jacobian_products as jacobian_products
    from coursekit.probe.gradient_flow import jacobians as jacobians
    from coursekit.probe.gradient_flow import lyapunov_exponents as lyapunov_exponents
    from coursekit.probe.gradient_flow import predicted_norms as predicted_norms
    from coursekit.probe.gradient_flow import singular_values as singular_values
    from coursekit.probe.gradient_flow import spectral_radius as spectral_radius
    from coursekit.probe.gradient_flow import states as states
    from coursekit.probe.gradient_flow import step_of as step_of

_HOME = {
    "gradient_norms": "gradient_flow",
    "jacobian_products": "gradient_flow",
    "jacobians": "gradient_flow",
    "lyapunov_exponents": "gradient_flow",
    "predicted_norms": "gradient_flow",
    "singular_values": "gradient_flow",
    "spectral_radius": "gradient_flow",
    "states": "gradient_flow",
    "step_of": "gradient_flow",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
