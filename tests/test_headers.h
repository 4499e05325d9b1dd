// What is precompiled for the tests: Catch2 is one header of 18,000 lines.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
