"""The commands of ``bot.py``, one module per room of the command line.

Each module has ``commands(parts)``; ``bot.py`` wires the parts and names the modules. What a
command alone needs is imported when it runs, so that ``cite`` stays quick.
"""
