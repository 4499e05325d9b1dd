// Included before everything else in the rooms that must not see LibTorch: its namespaces become errors there.
// (Debian keeps LibTorch's headers in /usr/include, so no include path can hide them.)
#pragma once
#pragma GCC poison c10 torch caffe2
