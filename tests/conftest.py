pytest_plugins = ["tests.engine.fixtures"]
