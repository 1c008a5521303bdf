"""`python -m liangzheng` is `./lz` without the launcher."""

from liangzheng.cli.main import main

if __name__ == "__main__":
    main()
