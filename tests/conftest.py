"""What all tests share."""

pytest_plugins = ["tests.lab_fixture", "tests.postgres_fixture"]
