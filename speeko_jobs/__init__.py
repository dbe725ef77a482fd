"""speeko_jobs: the batch queue for text-to-speech.

Imports point down this list only: runtime, flow, adapters, embedded, core, errors and settings.
"""

__version__ = "0.2.0.dev0"
