"""Makes `custom_components` one package for the tests."""
