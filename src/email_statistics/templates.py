"""HTML templates. What comes from the data is escaped, and a name that isn't there is an error."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates(package: str, folder: str = "templates") -> Environment:
    """The templates in a folder of a package."""
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
