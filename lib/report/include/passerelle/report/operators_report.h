// Which TorchScript operators are converted, from the tables that the converter itself goes by.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "passerelle/nnapi/operation_type.h"

namespace passerelle::report {

struct OperatorRow {
  std::string op;                                ///< "aten::conv2d"
  std::string becomes;                           ///< NNAPI's operations, in words
  std::vector<nnapi::OperationType> operations;  ///< those that the words name
  std::string limits;                            ///< what of it is refused; empty for nothing
};

/// In alphabetical order.
std::vector<OperatorRow> operators_report();

/// Operations that came after `target` have their level behind them.
std::string operators_text(const std::vector<OperatorRow>& rows, nnapi::FeatureLevel target);
nlohmann::ordered_json operators_json(const std::vector<OperatorRow>& rows, nnapi::FeatureLevel target);
/// docs/operators.md
std::string operators_markdown(const std::vector<OperatorRow>& rows);

}  // namespace passerelle::report
