"""python -m quarterhour"""

from quarterhour.cli import main

if __name__ == "__main__":
    main()
