#include "alternatives.h"

#include "passerelle/graph/ways_out.h"
#include "passerelle/trace/refusals.h"

namespace passerelle::lowering {

namespace way_out = graph::way_out;
using graph::ElementType;

std::string why_not_lowered(std::string_view op) {
  const trace::Refusal* refusal = trace::refusal_of(op);
  return refusal == nullptr ? "nothing in NNAPI computes it, and no rewrite of it is known" : std::string(refusal->why);
}

std::string alternative(std::string_view op, bool on_complex_numbers) {
  const trace::Refusal* refusal = trace::refusal_of(op);
  if (refusal != nullptr && refusal->way_out != nullptr) return refusal->way_out;
  return on_complex_numbers ? way_out::real_parts : way_out::in_the_app;
}

std::string alternative_to(ElementType type) {
  if (type == ElementType::other) return way_out::real_parts;
  return type == ElementType::qint32 ? way_out::eight_bits : way_out::keep_int32;
}

}  // namespace passerelle::lowering
