"""HTTP to addresses that users name: address policy (SSRF), guarded sessions, webhooks."""
