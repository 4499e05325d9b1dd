// What the loader's tests share: files, stand-in libraries, and errors that fail the test.
#pragma once

#include <string>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/loader/passerelle.hpp"
#include "stand_in.h"
#include "temporary.h"

namespace passerelle::loader_test {

using testing::TemporaryFile;
using testing::TemporaryFolder;

/// The path of the stand-in of a feature level (1 to 5), or of "incomplete".
std::string library_path(const std::string& level);

/// The state of the stand-in at this path, reset.
StandIn& fresh_stand_in(const std::string& path);

/// A RELU of an image of shape {2, 3, 4, 5} (NCHW), with these layouts on both sides.
graph::Module image_graph(graph::Layout caller, graph::Layout nnapi);

std::vector<unsigned char> file_of(const graph::Module& module, int feature_level = 1);

/// Objects of the C++ face; failing fails the test.
loader::Model open_model(const std::vector<unsigned char>& bytes);
loader::Nnapi open_nnapi(const std::string& path);

}  // namespace passerelle::loader_test
