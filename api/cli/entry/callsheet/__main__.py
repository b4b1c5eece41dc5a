"""`callsheet`, or `python -m callsheet`: the command line of an installation."""

from .names import put_ours_first


def main() -> None:
    """Run the command line, whatever has the names of our packages on the way to modules."""
    put_ours_first()
    from api.cli import main as command_line  # not before

    command_line()


if __name__ == "__main__":
    main()
