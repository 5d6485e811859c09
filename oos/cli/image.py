"""`oos image`: images built by recipe, compared, tested, published, retired."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

image = LazyGroup(
    "image",
    {
        "build": ("oos.cli.image_build:build", "Build an image by a recipe."),
        "diff": ("oos.cli.image_diff:diff", "Show what is different between two images."),
        "test": ("oos.cli.image_build:test", "Let an image prove itself by the tests of a recipe."),
        "publish": ("oos.cli.image_publish:publish", "Let a channel point at an image."),
        "gc": ("oos.cli.image_publish:gc", "Deprecate and delete what is not needed any more."),
    },
    help="Build images, compare, test, publish and retire them.",
)
