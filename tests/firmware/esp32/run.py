"""Runs board_esp32.py on stand-ins for the hardware: run.py CONFIG FOLDER SENSOR."""

import sys

HERE = __file__.rsplit("/", 1)[0]
sys.path[:0] = [HERE, HERE + "/../../../firmware"]

# Not import statements: to the type checker these names are not in this folder.
board = __import__("board_esp32")
setattr(board, "CONFIG", sys.argv[1])  # noqa: B010
setattr(board, "FOLDER", sys.argv[2])  # noqa: B010
setattr(__import__("machine"), "SENSOR", sys.argv[3])  # noqa: B010
board.main()
