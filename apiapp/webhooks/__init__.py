"""Others are told what happens here, and tell what happens there (Standard Webhooks)."""
