"""Options on money: the budget, the cap on waste, and what may be bought past the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speeko_cli.options.option_builder import MONEY, option, together
from speeko_cli.options.param_types import Dollars

budget_option: Callable[[Any], Any] = option(
    "--budget", type=Dollars(), metavar="USD", section=MONEY, help="most that the job may cost"
)
buy_again_option: Callable[[Any], Any] = option(
    "--buy-again",
    is_flag=True,
    section=MONEY,
    help="known texts whose audio is gone from the store may be bought again, whatever the plan says",
)
new_prices_option: Callable[[Any], Any] = option(
    "--new-prices",
    is_flag=True,
    section=MONEY,
    help="book what is still to buy at today's price instead of the plan's",
)
max_waste_option: Callable[[Any], Any] = option(
    "--max-waste",
    metavar="SHARE|USD",
    section=MONEY,
    help="most of the budget that may be paid for audio that fails validation: 5% of the plan, but at least"
    " $1, or dollars such as 2.50 [default: 10%]",
)
money = together(
    budget_option,
    max_waste_option,
    option(
        "--partial",
        is_flag=True,
        section=MONEY,
        help="start also what costs more than budget or caps allow, and pause where they end",
    ),
    buy_again_option,
)
