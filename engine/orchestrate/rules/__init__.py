"""The controller's rules, one concern a module.

Each is a function on a `Turn` that changes the state as the turn knows it and adds effects. Nothing here does input or
output, looks at a clock or draws lots.
"""
