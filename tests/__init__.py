"""The tests, in folders that mirror the code; `REQUIREMENTS.md` says which test shows which requirement."""
