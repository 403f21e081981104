"""The tests, in folders that mirror the code; `REQUIREMENTS.md` and `RUNNER.md` say what each shows."""
