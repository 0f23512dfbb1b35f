"""The `wardmail` command."""

from __future__ import annotations

from wardmail.edges.approved_suites import use_approved_suites_only


def main() -> None:
    """OpenSSL reads its settings when it is first loaded, so this comes before every other import."""
    use_approved_suites_only()
    from wardmail.app.cli import cli

    cli(prog_name="wardmail")


if __name__ == "__main__":
    main()
