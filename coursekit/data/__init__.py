"""Data: the small world whose probabilities are known, and load() for it and for real text.

Importing this loads neither datasets nor torch.
"""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.data.config import Config as Config
    from coursekit.data.facts import Facts as Facts
    from coursekit.data.loading import load as load
    from coursekit.data.pair_meaning import PairConfig as PairConfig
    from coursekit.data.pair_pronouns import Antecedent as Antecedent
    from coursekit.data.pair_pronouns import antecedents as antecedents
    from coursekit.data.pairs import Pair as Pair
    from coursekit.data.pairs import Pairs as Pairs
    from coursekit.data.prompts import Prompt as Prompt
    from coursekit.data.prompts import Prompts as Prompts
    from coursekit.data.scenes import Scene as Scene
    from coursekit.data.scenes import Scenes as Scenes
    from coursekit.data.summaries import Article as Article
    from coursekit.data.summaries import articles as articles
    from coursekit.data.tasks import ADDING_BASELINE as ADDING_BASELINE
    from coursekit.data.tasks import ORDER_BASELINE as ORDER_BASELINE
    from coursekit.data.tasks import adding as adding
    from coursekit.data.tasks import copy_baseline as copy_baseline
    from coursekit.data.tasks import copy_memory as copy_memory
    from coursekit.data.tasks import temporal_order as temporal_order
    from coursekit.data.world import Story as Story
    from coursekit.data.world import World as World

_HOME = {
    "ADDING_BASELINE": "tasks",
    "Antecedent": "pair_pronouns",
    "Article": "summaries",
    "Config": "config",
    "Facts": "facts",
    "ORDER_BASELINE": "tasks",
    "Pair": "pairs",
    "PairConfig": "pair_meaning",
    "Pairs": "pairs",
    "Prompt": "prompts",
    "Prompts": "prompts",
    "Scene": "scenes",
    "Scenes": "scenes",
    "Story": "world",
    "World": "world",
    "adding": "tasks",
    "antecedents": "pair_pronouns",
    "articles": "summaries",
    "copy_baseline": "tasks",
    "copy_memory": "tasks",
    "load": "loading",
    "temporal_order": "tasks",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
