#include "libtorch_headers.h"
