#!/usr/bin/env python3
"""vision_pixels.rgb, 160 x 160 x 3 u8: what both networks' golden tests look at, enlarged by repeating pixels.

From the photograph of a cup of coffee that scikit-image 0.22 carries (data/coffee.png; Rachel Michetti, CC0)."""
import importlib.util, os
import numpy as np
from PIL import Image

folder = importlib.util.find_spec("skimage").submodule_search_locations[0]
image = Image.open(os.path.join(folder, "data", "coffee.png")).convert("RGB").crop((100, 0, 500, 400)).resize((160, 160), Image.LANCZOS)
np.asarray(image).tofile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vision_pixels.rgb"))
