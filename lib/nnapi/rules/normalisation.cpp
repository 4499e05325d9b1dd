// SOFTMAX and the operations that normalise along an axis.
#include <string>

#include "rules.h"

namespace passerelle::nnapi::rules {
namespace {

std::string of_rank(const Call& call, size_t rank) {
  return std::string(name(call.operation())) + " of rank " + std::to_string(rank);
}

}  // namespace

void axis(Call& call) {
  const OperandView* input = call.input("input");
  std::optional<int32_t> axis = call.integer("axis");
  if (!input || !axis || !has_rank(*input)) return;
  int32_t rank = static_cast<int32_t>(input->dimensions.size());
  call.require(*axis >= -rank && *axis < rank, std::string(name(call.operation())) + "'s axis " +
                                                   std::to_string(*axis) + " doesn't exist in rank " +
                                                   std::to_string(rank));
}

void softmax(Call& call) {
  axis(call);
  const OperandView& input = call.inputs()[0];
  size_t rank = input.dimensions.size();
  if (call.input("axis") || !has_rank(input) || rank == 2 || rank == 4) return;
  call.needs(3, of_rank(call, rank));
}

void normalisation_axis(Call& call) {
  axis(call);
  const OperandView& input = call.inputs()[0];
  if (call.input("axis") || input.dimensions.size() == 4) return;
  call.needs(3, of_rank(call, input.dimensions.size()));
}

}  // namespace passerelle::nnapi::rules
