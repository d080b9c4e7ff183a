"""What MicroPython starts on an ESP32 after power-on."""

import board_esp32

board_esp32.main()
