"""What people and programs read about the HTTP API: the OpenAPI document and its two pages."""
