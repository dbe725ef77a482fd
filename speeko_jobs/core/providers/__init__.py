"""What each speech API takes and charges, and the accounts that call it."""
