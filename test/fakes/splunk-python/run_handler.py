"""Calls a REST handler once, as splunkd's application server does: run_handler.py APP/bin MODULE.CLASS < request > answer"""

import importlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, sys.argv[1])
module, name = sys.argv[2].rsplit(".", 1)
handler = getattr(importlib.import_module(module), name)("", "")
json.dump(handler.handle(sys.stdin.buffer.read()), sys.stdout)
