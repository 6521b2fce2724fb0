import numpy as np
def channel(v):
    return 1 / (1 + np.exp(-v))
