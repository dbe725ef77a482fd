"""Declare the options for costs: the budget, the limit of waste, and purchases beyond the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speeko_cli.options.option_builder import MONEY, option, together
from speeko_cli.options.param_types import Dollars

budget_option: Callable[[Any], Any] = option(
    "--budget", type=Dollars(), metavar="USD", section=MONEY, help="maximum cost of the job"
)
buy_again_option: Callable[[Any], Any] = option(
    "--buy-again",
    is_flag=True,
    section=MONEY,
    help="buy known texts again whose audio is missing from the store, even beyond the plan",
)
new_prices_option: Callable[[Any], Any] = option(
    "--new-prices",
    is_flag=True,
    section=MONEY,
    help="charge the remaining texts at today's price instead of the plan's",
)
max_waste_option: Callable[[Any], Any] = option(
    "--max-waste",
    metavar="SHARE|USD",
    section=MONEY,
    help="maximum cost of audio that fails validation, as a share of the plan (at least $1) or in dollars,"
    " such as 5% or 2.50 [default: 10%]",
)
money = together(
    budget_option,
    max_waste_option,
    option(
        "--partial",
        is_flag=True,
        section=MONEY,
        help="start a job that costs more than the budget or the caps allow; pause it at the limit",
    ),
    buy_again_option,
)
