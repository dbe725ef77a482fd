"""From a catalog to a priced and released job."""
