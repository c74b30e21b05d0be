"""Who may call an HTTP server of Aisle, and for what: API keys, OAuth2 client credentials, shares of the load."""
