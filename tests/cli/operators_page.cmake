# Fails where docs/operators.md is not what `passerelle ops --format markdown` prints.
execute_process(COMMAND ${PASSERELLE} ops --format markdown OUTPUT_VARIABLE printed RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "passerelle ops ended with ${status}")
endif()
file(READ ${PAGE} page)
if(NOT printed STREQUAL page)
  message(FATAL_ERROR "docs/operators.md is stale: passerelle ops --format markdown > docs/operators.md")
endif()
