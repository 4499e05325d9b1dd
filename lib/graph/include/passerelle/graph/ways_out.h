// What to do instead of what can't be converted.
#pragma once

namespace passerelle::graph {

/// A name for each text of ways_out.def: way_out::eval_first.
namespace way_out {
#define WAY_OUT(name, text) inline constexpr char name[] = text;
#include "passerelle/graph/ways_out.def"
#undef WAY_OUT
}  // namespace way_out

struct WayOut {
  const char* name;
  const char* text;
};
inline constexpr WayOut ways_out[] = {
#define WAY_OUT(name, text) {#name, text},
#include "passerelle/graph/ways_out.def"
#undef WAY_OUT
};

}  // namespace passerelle::graph
