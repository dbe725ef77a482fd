"""The audio store and the destination: objects under names, in a folder or in an object store.

One class over a URL. Knows how to put, get, list and place objects so that they are whole and durable.
Leaves names to `core.catalog.file_names`, and what an object is worth to the database.
"""

from speeko_jobs.adapters.audio_store.store import Store
from speeko_jobs.adapters.audio_store.store_errors import OCCUPIED, RUN_AGAIN, MissingObject, StoreFull

__all__ = ["OCCUPIED", "RUN_AGAIN", "MissingObject", "Store", "StoreFull"]
