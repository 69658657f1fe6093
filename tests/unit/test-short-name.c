// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "symbols/short-name.h"

/* As libiberty demangles names of C++. */
static const char *const cxx[][2] = {
	{"main::{lambda(int)#1}::operator()(int) const", "main::{lambda#1}::operator()"},
	{"std::function<void (int, char)>::operator()(int, char) const",
	 "std::function<void (int, char)>::operator()"},
	{"std::_Function_handler<void (), main::{lambda()#1}>::_M_invoke(std::_A"
	 "ny_data const&)",
	 "std::_Function_handler<…>::_M_invoke"},
	{"(anonymous namespace)::Foo<int>::bar(std::vector<(anonymous namespace)"
	 "::X, std::allocator<(anonymous namespace)::X> >)",
	 "Foo<int>::bar"},
	{"std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std:"
	 ":allocator<char> >, int, std::less<std::__cxx11::basic_string<char, st"
	 "d::char_traits<char>, std::allocator<char> > >, std::allocator<std::pa"
	 "ir<std::__cxx11::basic_string<char, std::char_traits<char>, std::alloc"
	 "ator<char> > const, int> > >::operator[](std::__cxx11::basic_string<ch"
	 "ar, std::char_traits<char>, std::allocator<char> >&&)",
	 "std::map<std::string, int>::operator[]"},
	{"operator new(unsigned long)", "operator new"},
	{"operator new[](unsigned long, std::nothrow_t const&)", "operator new[]"},
	{"operator delete[](void*)", "operator delete[]"},
	{"Foo::operator std::vector<int, std::allocator<int> >() const",
	 "Foo::operator std::vector<int>"},
	{"Foo::operator bool() const", "Foo::operator bool"},
	{"std::ostream& std::operator<< <std::char_traits<char> >(std::ostream&,"
	 " char const*)",
	 "std::operator<<"},
	{"bool std::operator< <char>(int)", "std::operator<"},
	{"A::operator->() const", "A::operator->"},
	{"A::operator->*(int)", "A::operator->*"},
	{"A::operator()<int>(int)", "A::operator()"},
	{"bool ns::operator==<int>(A<int> const&)", "ns::operator=="},
	{"A::operator<=>(A const&) const", "A::operator<=>"},
	{"A::operator,(int)", "A::operator,"},
	{"foo[abi:cxx11](int)", "foo"},
	{"f(int)::L::grow[#2](int)", "f::L::grow"},
	{"ns::f(int) [clone .part.0] [clone .cold]", "ns::f"},
	{"decltype (((std::declval<A>)()).f()) ns::f<A>(A)", "ns::f<A>"},
	{"void (*ns::g<int>(int))(char)", "void (*ns::g<int>(int))(char)"},
	{"main::$_0::operator()(int) const", "main::$_0::operator()"},
	{"std::__1::vector<int, std::__1::allocator<int> >::push_back(int&&)",
	 "std::vector<int>::push_back"},
	{"void std::__1::vector<std::__1::basic_string<char, std::__1::char_trai"
	 "ts<char>, std::__1::allocator<char> >, std::__1::allocator<std::__1::b"
	 "asic_string<char, std::__1::char_traits<char>, std::__1::allocator<cha"
	 "r> > > >::__push_back_slow_path<std::__1::basic_string<char, std::__1:"
	 ":char_traits<char>, std::__1::allocator<char> > >(x&&)",
	 "std::vector<std::string>::__push_back_slow_path<std::string>"},
	{"my_operator<int>(int)", "my_operator<int>"},
	{"operator\"\" _s(char const*, unsigned long)", "operator\"\" _s"},
	{"std::basic_string_view<wchar_t, std::char_traits<wchar_t> >::substr(un"
	 "signed long) const",
	 "std::wstring_view::substr"},
	{"std::vector<std::__cxx11::basic_string<char, std::char_traits<char>, s"
	 "td::allocator<char> >, std::allocator<std::__cxx11::basic_string<char,"
	 " std::char_traits<char>, std::allocator<char> > > >::reserve(unsigned "
	 "long)",
	 "std::vector<std::string>::reserve"},
	{"f(int)::Local::g() const::{lambda()#2}::operator()() const",
	 "f::Local::g::{lambda#2}::operator()"},
	{"std::unique_ptr<ns::Widget, std::default_delete<ns::Widget> >::~unique"
	 "_ptr()",
	 "std::unique_ptr<ns::Widget>::~unique_ptr"},
	{"Catch::(anonymous namespace)::makeTestCase", "Catch::makeTestCase"},
	{"operator+(A, B)", "operator+"},
	{"std::_Rb_tree<int, std::pair<int const, std::__cxx11::basic_string<cha"
	 "r, std::char_traits<char>, std::allocator<char> > >, std::_Select1st<s"
	 "td::pair<int const, std::__cxx11::basic_string<char, std::char_traits<"
	 "char>, std::allocator<char> > > >, std::less<int>, std::allocator<std:"
	 ":pair<int const, std::__cxx11::basic_string<char, std::char_traits<cha"
	 "r>, std::allocator<char> > > > >::_M_create_node<std::pair<int const, "
	 "std::string> const&>(x)",
	 "std::_Rb_tree<…>::_M_create_node<std::pair<…> const&>"},
};

/* Names that libstdc++ exports. */
static const char *const libstdcxx[][2] = {
	{"std::moneypunct<char, false>::~moneypunct()",
	 "std::moneypunct<char, false>::~moneypunct"},
	{"std::basic_ofstream<wchar_t, std::char_traits<wchar_t> >::basic_ofstre"
	 "am(char const*, std::_Ios_Openmode)",
	 "std::wofstream::basic_ofstream"},
	{"std::__cxx11::basic_string<wchar_t, std::char_traits<wchar_t>, std::al"
	 "locator<wchar_t> >::front() const",
	 "std::wstring::front"},
	{"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocato"
	 "r<char> >::basic_string(std::__cxx11::basic_string<char, std::char_tra"
	 "its<char>, std::allocator<char> > const&, unsigned long, std::allocato"
	 "r<char> const&)",
	 "std::string::basic_string"},
	{"std::bad_alloc::~bad_alloc()", "std::bad_alloc::~bad_alloc"},
	{"std::basic_ios<wchar_t, std::char_traits<wchar_t> >::operator bool() c"
	 "onst",
	 "std::wios::operator bool"},
	{"std::__cxx11::moneypunct<wchar_t, true>::thousands_sep() const",
	 "std::moneypunct<wchar_t, true>::thousands_sep"},
	{"std::basic_streambuf<wchar_t, std::char_traits<wchar_t> >::eback() con"
	 "st",
	 "std::wstreambuf::eback"},
	{"__gnu_cxx::__pool<false>::_M_initialize()",
	 "__gnu_cxx::__pool<false>::_M_initialize"},
	{"std::__cxx11::basic_string<wchar_t, std::char_traits<wchar_t>, std::al"
	 "locator<wchar_t> >::back()",
	 "std::wstring::back"},
	{"std::basic_ostream<wchar_t, std::char_traits<wchar_t> >::operator<<(fl"
	 "oat)",
	 "std::wostream::operator<<"},
	{"std::__timepunct<char>::_M_months_abbreviated(char const**) const",
	 "std::__timepunct<char>::_M_months_abbreviated"},
	{"std::filesystem::path::_M_split_cmpts()",
	 "std::filesystem::path::_M_split_cmpts"},
	{"non-virtual thunk to std::basic_stringstream<char, std::char_traits<ch"
	 "ar>, std::allocator<char> >::~basic_stringstream()",
	 "std::stringstream::~basic_stringstream"},
	{"std::basic_ostringstream<wchar_t, std::char_traits<wchar_t>, std::allo"
	 "cator<wchar_t> >::basic_ostringstream()",
	 "std::wostringstream::basic_ostringstream"},
	{"std::basic_istream<wchar_t, std::char_traits<wchar_t> >& std::basic_is"
	 "tream<wchar_t, std::char_traits<wchar_t> >::_M_extract<void*>(void*&)",
	 "std::wistream::_M_extract<void*>"},
	{"std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<w"
	 "char_t> >::basic_string(std::basic_string<wchar_t, std::char_traits<wc"
	 "har_t>, std::allocator<wchar_t> >&&, std::allocator<wchar_t> const&)",
	 "std::wstring::basic_string"},
	{"std::__cxx11::basic_stringbuf<char, std::char_traits<char>, std::alloc"
	 "ator<char> >::str() const",
	 "std::stringbuf::str"},
	{"std::system_error::~system_error()", "std::system_error::~system_error"},
	{"std::filesystem::last_write_time(std::filesystem::path const&, std::ch"
	 "rono::time_point<std::filesystem::__file_clock, std::chrono::duration<"
	 "long, std::ratio<1l, 1000000000l> > >, std::error_code&)",
	 "std::filesystem::last_write_time"},
	{"std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<w"
	 "char_t> >::_M_disjunct(wchar_t const*) const",
	 "std::wstring::_M_disjunct"},
	{"std::strstreambuf::strstreambuf(signed char const*, long)",
	 "std::strstreambuf::strstreambuf"},
	{"std::basic_fstream<char, std::char_traits<char> >::open(char const*, s"
	 "td::_Ios_Openmode)",
	 "std::fstream::open"},
	{"std::basic_string<char, std::char_traits<char>, std::allocator<char> >"
	 "::end()",
	 "std::string::end"},
	{"std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<w"
	 "char_t> >::clear()",
	 "std::wstring::clear"},
	{"std::_List_node_base::_M_reverse()", "std::_List_node_base::_M_reverse"},
	{"std::basic_ostream<wchar_t, std::char_traits<wchar_t> >::operator<<(un"
	 "signed int)",
	 "std::wostream::operator<<"},
	{"std::locale::_S_normalize_category(int)", "std::locale::_S_normalize_category"},
	{"std::__cxx11::moneypunct<wchar_t, false>::neg_format() const",
	 "std::moneypunct<wchar_t, false>::neg_format"},
	{"std::__numpunct_cache<char>::~__numpunct_cache()",
	 "std::__numpunct_cache<char>::~__numpunct_cache"},
	{"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocato"
	 "r<char> >::append(std::__cxx11::basic_string<char, std::char_traits<ch"
	 "ar>, std::allocator<char> > const&, unsigned long, unsigned long)",
	 "std::string::append"},
	{"std::__cxx11::numpunct<wchar_t> const& std::use_facet<std::__cxx11::nu"
	 "mpunct<wchar_t> >(std::locale const&)",
	 "std::use_facet<…>"},
	{"std::__basic_file<char>::showmanyc()", "std::__basic_file<char>::showmanyc"},
	{"std::basic_istream<char, std::char_traits<char> >& std::basic_istream<"
	 "char, std::char_traits<char> >::_M_extract<unsigned int>(unsigned int&"
	 ")",
	 "std::istream::_M_extract<unsigned int>"},
	{"std::this_thread::__sleep_for(std::chrono::duration<long, std::ratio<1"
	 "l, 1l> >, std::chrono::duration<long, std::ratio<1l, 1000000000l> >)",
	 "std::this_thread::__sleep_for"},
	{"std::numpunct<wchar_t>::~numpunct()", "std::numpunct<wchar_t>::~numpunct"},
	{"std::basic_istream<wchar_t, std::char_traits<wchar_t> >::ignore(long, "
	 "unsigned int)",
	 "std::wistream::ignore"},
	{"std::__cxx11::moneypunct<wchar_t, true>::do_grouping() const",
	 "std::moneypunct<wchar_t, true>::do_grouping"},
	{"std::basic_ofstream<char, std::char_traits<char> >::basic_ofstream(cha"
	 "r const*, std::_Ios_Openmode)",
	 "std::ofstream::basic_ofstream"},
	{"transaction clone for std::underflow_error::~underflow_error()",
	 "std::underflow_error::~underflow_error"},
	{"std::runtime_error::runtime_error(std::runtime_error&&)",
	 "std::runtime_error::runtime_error"},
	{"std::__exception_ptr::exception_ptr::exception_ptr()",
	 "__exception_ptr::exception_ptr::exception_ptr"},
	{"std::num_get<wchar_t, std::istreambuf_iterator<wchar_t, std::char_trai"
	 "ts<wchar_t> > > const& std::use_facet<std::num_get<wchar_t, std::istre"
	 "ambuf_iterator<wchar_t, std::char_traits<wchar_t> > > >(std::locale co"
	 "nst&)",
	 "std::use_facet<std::num_get<…>>"},
	{"std::basic_string<char, std::char_traits<char>, std::allocator<char> >"
	 "::data()",
	 "std::string::data"},
	{"std::__cxx11::collate_byname<char>::collate_byname(char const*, unsign"
	 "ed long)",
	 "std::collate_byname<char>::collate_byname"},
};

/* Names that LLVM exports. */
static const char *const llvm[][2] = {
	{"std::deque<llvm::SmallString<0u>, std::allocator<llvm::SmallString<0u>"
	 " > >::_M_destroy_data_aux(std::_Deque_iterator<llvm::SmallString<0u>, "
	 "llvm::SmallString<0u>&, llvm::SmallString<0u>*>, std::_Deque_iterator<"
	 "llvm::SmallString<0u>, llvm::SmallString<0u>&, llvm::SmallString<0u>*>"
	 ")",
	 "std::deque<…>::_M_destroy_data_aux"},
	{"llvm::jitlink::SimpleSegmentAlloc::Create(llvm::jitlink::JITLinkMemory"
	 "Manager&, llvm::jitlink::JITLinkDylib const*, llvm::jitlink::AllocGrou"
	 "pSmallMap<llvm::jitlink::SimpleSegmentAlloc::Segment>, llvm::unique_fu"
	 "nction<void (llvm::Expected<llvm::jitlink::SimpleSegmentAlloc>)>)",
	 "jitlink::SimpleSegmentAlloc::Create"},
	{"void std::vector<llvm::FileCheckString, std::allocator<llvm::FileCheck"
	 "String> >::_M_realloc_insert<llvm::Pattern&, llvm::StringRef&, llvm::S"
	 "MLoc&>(__gnu_cxx::__normal_iterator<llvm::FileCheckString*, std::vecto"
	 "r<llvm::FileCheckString, std::allocator<llvm::FileCheckString> > >, ll"
	 "vm::Pattern&, llvm::StringRef&, llvm::SMLoc&)",
	 "std::vector<…>::_M_realloc_insert<…>"},
	{"std::vector<std::vector<llvm::AsmToken, std::allocator<llvm::AsmToken>"
	 " >, std::allocator<std::vector<llvm::AsmToken, std::allocator<llvm::As"
	 "mToken> > > >::_M_default_append(unsigned long)",
	 "std::vector<…>::_M_default_append"},
	{"llvm::MemorySSAVerifierPass::run(llvm::Function&, llvm::AnalysisManage"
	 "r<llvm::Function>&)",
	 "llvm::MemorySSAVerifierPass::run"},
	{"llvm::pdb::GSIStreamBuilder::addGlobalSymbol(llvm::codeview::CVRecord<"
	 "llvm::codeview::SymbolKind> const&)",
	 "pdb::GSIStreamBuilder::addGlobalSymbol"},
	{"llvm::codeview::TypeRecordMapping::visitKnownRecord(llvm::codeview::CV"
	 "Record<llvm::codeview::TypeLeafKind>&, llvm::codeview::ModifierRecord&"
	 ")",
	 "codeview::TypeRecordMapping::visitKnownRecord"},
	{"llvm::yaml::MappingTraits<llvm::MachOYAML::NListEntry>::mapping(llvm::"
	 "yaml::IO&, llvm::MachOYAML::NListEntry&)",
	 "llvm::yaml::MappingTraits<…>::mapping"},
	{"llvm::RegScavenger::spill(llvm::Register, llvm::TargetRegisterClass co"
	 "nst&, int, llvm::MachineInstrBundleIterator<llvm::MachineInstr, false>"
	 ", llvm::MachineInstrBundleIterator<llvm::MachineInstr, false>&)",
	 "llvm::RegScavenger::spill"},
	{"llvm::ScalarizerPass::run(llvm::Function&, llvm::AnalysisManager<llvm:"
	 ":Function>&)",
	 "llvm::ScalarizerPass::run"},
	{"llvm::SelectionDAG::getNode(unsigned int, llvm::SDLoc const&, llvm::EV"
	 "T, llvm::ArrayRef<llvm::SDValue>)",
	 "llvm::SelectionDAG::getNode"},
	{"llvm::AssumptionCache::ResultElem* std::__remove_if<llvm::AssumptionCa"
	 "che::ResultElem*, __gnu_cxx::__ops::_Iter_equals_val<llvm::AssumeInst*"
	 " const> >(llvm::AssumptionCache::ResultElem*, llvm::AssumptionCache::R"
	 "esultElem*, __gnu_cxx::__ops::_Iter_equals_val<llvm::AssumeInst* const"
	 ">)",
	 "std::__remove_if<…>"},
	{"llvm::Expected<llvm::ArrayRef<llvm::minidump::Module> > llvm::object::"
	 "MinidumpFile::getDataSliceAs<llvm::minidump::Module>(llvm::ArrayRef<un"
	 "signed char>, unsigned long, unsigned long)",
	 "object::MinidumpFile::getDataSliceAs<…>"},
	{"std::enable_if<__and_<std::__not_<std::__is_tuple_like<llvm::NodeSet> "
	 ">, std::is_move_constructible<llvm::NodeSet>, std::is_move_assignable<"
	 "llvm::NodeSet> >::value, void>::type std::swap<llvm::NodeSet>(llvm::No"
	 "deSet&, llvm::NodeSet&)",
	 "std::swap<llvm::NodeSet>"},
	{"llvm::RegionBase<llvm::RegionTraits<llvm::Function> >::getEntry() cons"
	 "t",
	 "llvm::RegionBase<…>::getEntry"},
	{"llvm::PoisonCheckingPass::run(llvm::Module&, llvm::AnalysisManager<llv"
	 "m::Module>&)",
	 "llvm::PoisonCheckingPass::run"},
	{"llvm::SampleProfileLoaderBaseImpl<llvm::BasicBlock>::computeBlockWeigh"
	 "ts(llvm::Function&)",
	 "llvm::SampleProfileLoaderBaseImpl<llvm::BasicBlock>::computeBlockWeigh"
	 "ts"},
	{"bool llvm::set_is_subset<llvm::SmallPtrSet<llvm::MachineInstr*, 4u>, l"
	 "lvm::SmallPtrSetImpl<llvm::MachineInstr*> >(llvm::SmallPtrSet<llvm::Ma"
	 "chineInstr*, 4u> const&, llvm::SmallPtrSetImpl<llvm::MachineInstr*> co"
	 "nst&)",
	 "llvm::set_is_subset<…>"},
	{"llvm::object::ELFFile<llvm::object::ELFType<(llvm::support::endianness"
	 ")1, true> >::getRelocationTypeName(unsigned int) const",
	 "object::ELFFile<…>::getRelocationTypeName"},
	{"llvm::cl::opt<std::__cxx11::basic_string<char, std::char_traits<char>,"
	 " std::allocator<char> >, false, llvm::cl::parser<std::__cxx11::basic_s"
	 "tring<char, std::char_traits<char>, std::allocator<char> > > >::getPar"
	 "ser()",
	 "llvm::cl::opt<…>::getParser"},
	{"std::vector<llvm::ELFYAML::NoteEntry, std::allocator<llvm::ELFYAML::No"
	 "teEntry> >::_M_default_append(unsigned long)",
	 "std::vector<…>::_M_default_append"},
	{"llvm::dwarf::operator<<(llvm::raw_ostream&, llvm::dwarf::UnwindTable c"
	 "onst&)",
	 "llvm::dwarf::operator<<"},
	{"llvm::StandardInstrumentations::registerCallbacks(llvm::PassInstrument"
	 "ationCallbacks&, llvm::AnalysisManager<llvm::Function>*)",
	 "llvm::StandardInstrumentations::registerCallbacks"},
	{"llvm::BinaryStreamRef::readBytes(unsigned long, unsigned long, llvm::A"
	 "rrayRef<unsigned char>&) const",
	 "llvm::BinaryStreamRef::readBytes"},
	{"std::vector<llvm::yaml::FunctionSummaryYaml, std::allocator<llvm::yaml"
	 "::FunctionSummaryYaml> >::_M_default_append(unsigned long)",
	 "std::vector<…>::_M_default_append"},
	{"llvm::MDBuilder::createCallbackEncoding(unsigned int, llvm::ArrayRef<i"
	 "nt>, bool)",
	 "llvm::MDBuilder::createCallbackEncoding"},
	{"llvm::salvageDebugInfoForDbgValues(llvm::Instruction&, llvm::ArrayRef<"
	 "llvm::DbgVariableIntrinsic*>)",
	 "llvm::salvageDebugInfoForDbgValues"},
	{"llvm::symbolize::SymbolizableObjectFile::create(llvm::object::ObjectFi"
	 "le const*, std::unique_ptr<llvm::DIContext, std::default_delete<llvm::"
	 "DIContext> >, bool)",
	 "symbolize::SymbolizableObjectFile::create"},
	{"llvm::SmallVectorImpl<llvm::IntervalMapImpl::NodeRef>::swap(llvm::Smal"
	 "lVectorImpl<llvm::IntervalMapImpl::NodeRef>&)",
	 "llvm::SmallVectorImpl<…>::swap"},
	{"llvm::LegalizerInfo::getActionDefinitionsBuilder(std::initializer_list"
	 "<unsigned int>)",
	 "llvm::LegalizerInfo::getActionDefinitionsBuilder"},
	{"llvm::orc::operator<<(llvm::raw_ostream&, llvm::orc::LookupKind const&"
	 ")",
	 "llvm::orc::operator<<"},
	{"llvm::DGEdge<llvm::DDGNode, llvm::DDGEdge>::DGEdge(llvm::DDGNode&)",
	 "llvm::DGEdge<…>::DGEdge"},
	{"llvm::rdf::DefNode::linkToDef(unsigned int, llvm::rdf::NodeAddr<llvm::"
	 "rdf::DefNode*>)",
	 "llvm::rdf::DefNode::linkToDef"},
	{"llvm::MCObjectStreamer::emitCVDefRangeDirective(llvm::ArrayRef<std::pa"
	 "ir<llvm::MCSymbol const*, llvm::MCSymbol const*> >, llvm::StringRef)",
	 "llvm::MCObjectStreamer::emitCVDefRangeDirective"},
	{"polly::BlockGenerator::removeDeadInstructions(llvm::BasicBlock*, llvm:"
	 ":DenseMap<llvm::AssertingVH<llvm::Value>, llvm::AssertingVH<llvm::Valu"
	 "e>, llvm::DenseMapInfo<llvm::AssertingVH<llvm::Value>, void>, llvm::de"
	 "tail::DenseMapPair<llvm::AssertingVH<llvm::Value>, llvm::AssertingVH<l"
	 "lvm::Value> > >&)",
	 "polly::BlockGenerator::removeDeadInstructions"},
	{"llvm::SmallVectorTemplateBase<llvm::RuntimeCheckingPtrGroup, false>::g"
	 "row(unsigned long)",
	 "llvm::SmallVectorTemplateBase<…>::grow"},
	{"llvm::msgpack::Document::writeToBlob(std::__cxx11::basic_string<char, "
	 "std::char_traits<char>, std::allocator<char> >&)",
	 "llvm::msgpack::Document::writeToBlob"},
	{"std::_Rb_tree<llvm::SUnit*, std::pair<llvm::SUnit* const, int>, std::_"
	 "Select1st<std::pair<llvm::SUnit* const, int> >, std::less<llvm::SUnit*"
	 ">, std::allocator<std::pair<llvm::SUnit* const, int> > >::_M_erase(std"
	 "::_Rb_tree_node<std::pair<llvm::SUnit* const, int> >*)",
	 "std::_Rb_tree<…>::_M_erase"},
	{"llvm::iterator_range<llvm::df_iterator<llvm::VPBlockBase*, llvm::df_it"
	 "erator_default_set<llvm::GraphTraits<llvm::VPBlockBase*>::NodeRef, 8u>"
	 ", false, llvm::GraphTraits<llvm::VPBlockBase*> > > llvm::depth_first<l"
	 "lvm::VPBlockBase*>(llvm::VPBlockBase* const&)",
	 "llvm::depth_first<llvm::VPBlockBase*>"},
	{"void llvm::PrintDomTree<llvm::MachineBasicBlock>(llvm::DomTreeNodeBase"
	 "<llvm::MachineBasicBlock> const*, llvm::raw_ostream&, unsigned int)",
	 "llvm::PrintDomTree<…>"},
	{"llvm::DomTreeNodeBase<llvm::MachineBasicBlock>::back() const",
	 "llvm::DomTreeNodeBase<…>::back"},
	{"llvm::AnalysisManager<llvm::LazyCallGraph::SCC, llvm::LazyCallGraph&>:"
	 ":clear(llvm::LazyCallGraph::SCC&, llvm::StringRef)",
	 "llvm::AnalysisManager<…>::clear"},
	{"llvm::Pattern::parseNumericSubstitutionBlock(llvm::StringRef, llvm::Op"
	 "tional<llvm::NumericVariable*>&, bool, llvm::Optional<unsigned long>, "
	 "llvm::FileCheckPatternContext*, llvm::SourceMgr const&)",
	 "llvm::Pattern::parseNumericSubstitutionBlock"},
	{"llvm::operator<<(llvm::raw_ostream&, llvm::MCFixup const&)",
	 "llvm::operator<<"},
	{"llvm::IntervalMap<llvm::SlotIndex, unsigned int, 9u, llvm::IntervalMap"
	 "Info<llvm::SlotIndex> >::iterator::setNodeStop(unsigned int, llvm::Slo"
	 "tIndex)",
	 "IntervalMap<…>::iterator::setNodeStop"},
};

/* Names of a Rust program, in both manglings. */
static const char *const rust[][2] = {
	{"core::ops::function::FnOnce::call_once{{vtable.shim}}::h0123456789abcd"
	 "ef",
	 "function::FnOnce::call_once{{vtable.shim}}"},
	{"core::slice::<impl [T]>::len", "core::slice<[T]>::len"},
	{"core::fmt::num::<impl core::fmt::Debug for u32>::fmt",
	 "core::fmt::num::u32::fmt"},
	{"<[u8; 4] as X>::new", "<[u8; 4]>::new"},
	{"<&mut I as core::iter::Iterator>::next", "I::next"},
	{"<dyn core::any::Any + core::marker::Send as core::fmt::Debug>::fmt",
	 "core::any::Any::fmt"},
	{"std::panicking::catch_unwind::do_call::h550c7ac8a8a419f5",
	 "std::panicking::catch_unwind::do_call"},
	{"<std[e28293b1aa0f68bd]::panicking::begin_panic::Payload<&str> as core["
	 "c1f1a4ba060b9bfa]::panic::PanicPayload>::as_str",
	 "begin_panic::Payload<&str>::as_str"},
	{"std::thread::lifecycle::spawn_unchecked::{{closure}}::{{closure}}::h75"
	 "116b03b2841131",
	 "spawn_unchecked::{{closure}}::{{closure}}"},
	{"core[c1f1a4ba060b9bfa]::panicking::panic_bounds_check",
	 "core::panicking::panic_bounds_check"},
	{"core::core_arch::x86::sse2::_mm_or_si128::h15e92f1f634ca75e",
	 "core::core_arch::x86::sse2::_mm_or_si128"},
	{"<std[e28293b1aa0f68bd]::backtrace_rs::symbolize::gimli::Mapping>::new_"
	 "debug",
	 "symbolize::gimli::Mapping::new_debug"},
	{"<<alloc[fdfd2bd8633a6659]::boxed::Box<dyn core[c1f1a4ba060b9bfa]::erro"
	 "r::Error + core[c1f1a4ba060b9bfa]::marker::Sync + core[c1f1a4ba060b9bf"
	 "a]::marker::Send> as core[c1f1a4ba060b9bfa]::convert::From<alloc[fdfd2"
	 "bd8633a6659]::string::String>>::from::StringError as core[c1f1a4ba060b"
	 "9bfa]::error::Error>::provide",
	 "Box<…>::from::StringError::provide"},
	{"std[e28293b1aa0f68bd]::backtrace_rs::symbolize::gimli::elf::debug_path"
	 "_exists",
	 "symbolize::gimli::elf::debug_path_exists"},
	{"alloc::collections::btree::node::NodeRef<BorrowType,K,V,Type>::ascend:"
	 ":h4b6211d4b045369b",
	 "node::NodeRef<BorrowType,K,V,Type>::ascend"},
	{"<<alloc[fdfd2bd8633a6659]::boxed::Box<dyn core[c1f1a4ba060b9bfa]::erro"
	 "r::Error + core[c1f1a4ba060b9bfa]::marker::Sync + core[c1f1a4ba060b9bf"
	 "a]::marker::Send> as core[c1f1a4ba060b9bfa]::convert::From<alloc[fdfd2"
	 "bd8633a6659]::string::String>>::from::StringError as core[c1f1a4ba060b"
	 "9bfa]::error::Error>::description",
	 "Box<…>::from::StringError::description"},
	{"<gimli[9d272e8433f81454]::read::unit::EntriesCursor<gimli[9d272e8433f8"
	 "1454]::read::endian_slice::EndianSlice<gimli[9d272e8433f81454]::endian"
	 "ity::LittleEndian>>>::next_entry",
	 "read::unit::EntriesCursor<…>::next_entry"},
	{"<alloc[fdfd2bd8633a6659]::vec::Vec<u8> as std[e28293b1aa0f68bd]::io::W"
	 "rite>::flush",
	 "alloc::vec::Vec<u8>::flush"},
	{"core::ptr::drop_in_place<std::thread::lifecycle::Packet<()>>::h57951dd"
	 "36feb022e",
	 "core::ptr::drop_in_place<…>"},
	{"std[e28293b1aa0f68bd]::rt::lang_start_internal",
	 "std::rt::lang_start_internal"},
	{"<[T] as core::fmt::Debug>::fmt::hf29e7d1440684a91", "<[T]>::fmt"},
	{"<alloc[fdfd2bd8633a6659]::collections::btree::node::NodeRef<alloc[fdfd"
	 "2bd8633a6659]::collections::btree::node::marker::Owned, u64, gimli[9d2"
	 "72e8433f81454]::read::abbrev::Abbreviation, alloc[fdfd2bd8633a6659]::c"
	 "ollections::btree::node::marker::Internal>>::new_internal::<alloc[fdfd"
	 "2bd8633a6659]::alloc::Global>",
	 "node::NodeRef<…>::new_internal<alloc::alloc::Global>"},
	{"core::ptr::drop_in_place<std::collections::hash::map::HashMap<alloc::s"
	 "tring::String,alloc::collections::btree::map::BTreeMap<u32,alloc::vec:"
	 ":Vec<r::A<u8>>>>>::h1fca9395166279a6",
	 "core::ptr::drop_in_place<…>"},
	{"gimli[9d272e8433f81454]::read::unit::skip_attributes::<gimli[9d272e843"
	 "3f81454]::read::endian_slice::EndianSlice<gimli[9d272e8433f81454]::end"
	 "ianity::LittleEndian>>",
	 "gimli::read::unit::skip_attributes<…>"},
	{"alloc::vec::partial_eq::<impl core::cmp::PartialEq<alloc::vec::Vec<U,A"
	 "2>> for alloc::vec::Vec<T,A1>>::eq::hb32d53244b69640b",
	 "partial_eq::alloc::vec::Vec<T,A1>::eq"},
	{"miniz_oxide[b662226d77c6ee8e]::inflate::core::transfer",
	 "miniz_oxide::inflate::core::transfer"},
	{"core::ptr::drop_in_place<hashbrown::rustc_entry::RustcVacantEntry<allo"
	 "c::string::String,alloc::collections::btree::map::BTreeMap<u32,alloc::"
	 "vec::Vec<r::A<u8>>>>>::h96db70008ba6bb36",
	 "core::ptr::drop_in_place<…>"},
	{"core::ptr::drop_in_place<hashbrown::raw::RawTable<(alloc::string::Stri"
	 "ng,alloc::collections::btree::map::BTreeMap<u32,alloc::vec::Vec<r::A<u"
	 "8>>>)>>::hb72a24beaae4d090",
	 "core::ptr::drop_in_place<…>"},
	{"<core[c1f1a4ba060b9bfa]::fmt::builders::PadAdapter as core[c1f1a4ba060"
	 "b9bfa]::fmt::Write>::write_fmt",
	 "fmt::builders::PadAdapter::write_fmt"},
	{"<alloc[fdfd2bd8633a6659]::raw_vec::RawVec<std[e28293b1aa0f68bd]::backt"
	 "race::BacktraceFrame>>::grow_one",
	 "alloc::raw_vec::RawVec<…>::grow_one"},
	{"alloc::collections::btree::node::Handle<alloc::collections::btree::nod"
	 "e::NodeRef<alloc::collections::btree::node::marker::Immut,K,V,NodeType"
	 ">,alloc::collections::btree::node::marker::KV>::into_kv::hb640b345f87e"
	 "8601",
	 "btree::node::Handle<…>::into_kv"},
	{"std[e28293b1aa0f68bd]::sys::exit::unique_thread_exit::EXITING_THREAD_I"
	 "D",
	 "exit::unique_thread_exit::EXITING_THREAD_ID"},
	{"alloc::collections::btree::map::entry::VacantEntry<K,V,A>::insert_entr"
	 "y::{{closure}}::h3d0850a210e7f75f",
	 "VacantEntry<K,V,A>::insert_entry::{{closure}}"},
	{"std[e28293b1aa0f68bd]::sys::backtrace::lock::LOCK",
	 "std::sys::backtrace::lock::LOCK"},
	{"<gimli[9d272e8433f81454]::read::abbrev::Abbreviation>::new",
	 "gimli::read::abbrev::Abbreviation::new"},
	{"std[e28293b1aa0f68bd]::sys::personality::gcc::find_eh_action::{closure"
	 "#1}",
	 "gcc::find_eh_action::{closure#1}"},
	{"core[c1f1a4ba060b9bfa]::ptr::drop_in_place::<core[c1f1a4ba060b9bfa]::p"
	 "in::Pin<alloc[fdfd2bd8633a6659]::sync::Arc<std[e28293b1aa0f68bd]::thre"
	 "ad::thread::Inner, std[e28293b1aa0f68bd]::alloc::System>>>",
	 "core::ptr::drop_in_place<…>"},
	{"addr2line[39b02397e671b2d1]::function::name_attr::<gimli[9d272e8433f81"
	 "454]::read::endian_slice::EndianSlice<gimli[9d272e8433f81454]::endiani"
	 "ty::LittleEndian>>",
	 "addr2line::function::name_attr<…>"},
	{"<gimli[9d272e8433f81454]::read::line::FileEntry<gimli[9d272e8433f81454"
	 "]::read::endian_slice::EndianSlice<gimli[9d272e8433f81454]::endianity:"
	 ":LittleEndian>, usize> as core[c1f1a4ba060b9bfa]::clone::Clone>::clone",
	 "gimli::read::line::FileEntry<…>::clone"},
	{"core[c1f1a4ba060b9bfa]::ptr::drop_in_place::<std[e28293b1aa0f68bd]::ba"
	 "cktrace_rs::symbolize::gimli::Library>",
	 "core::ptr::drop_in_place<…>"},
	{"core[c1f1a4ba060b9bfa]::unicode::unicode_data::grapheme_extend::SHORT_"
	 "OFFSET_RUNS",
	 "unicode_data::grapheme_extend::SHORT_OFFSET_RUNS"},
	{"std[e28293b1aa0f68bd]::sys::random::linux::getrandom::URANDOM_READY",
	 "random::linux::getrandom::URANDOM_READY"},
	{"<core[c1f1a4ba060b9bfa]::fmt::builders::PadAdapter as core[c1f1a4ba060"
	 "b9bfa]::fmt::Write>::write_fmt",
	 "fmt::builders::PadAdapter::write_fmt"},
	{"core[c1f1a4ba060b9bfa]::ptr::drop_in_place::<alloc[fdfd2bd8633a6659]::"
	 "string::String>",
	 "core::ptr::drop_in_place<…>"},
	{"std[e28293b1aa0f68bd]::io::error::repr_bitpacked::kind_from_prim",
	 "error::repr_bitpacked::kind_from_prim"},
	{"<alloc[fdfd2bd8633a6659]::collections::btree::node::NodeRef<alloc[fdfd"
	 "2bd8633a6659]::collections::btree::node::marker::Owned, u32, alloc[fdf"
	 "d2bd8633a6659]::vec::Vec<r[4dd80272b5a2d1fc]::A<u8>>, alloc[fdfd2bd863"
	 "3a6659]::collections::btree::node::marker::Internal>>::from_new_intern"
	 "al::<alloc[fdfd2bd8633a6659]::alloc::Global>",
	 "node::NodeRef<…>::from_new_internal<alloc::alloc::Global>"},
	{"std[e28293b1aa0f68bd]::alloc::rust_oom", "std::alloc::rust_oom"},
	{"<alloc[fdfd2bd8633a6659]::collections::btree::map::BTreeMap<u64, gimli"
	 "[9d272e8433f81454]::read::abbrev::Abbreviation>>::entry",
	 "btree::map::BTreeMap<…>::entry"},
	{"std[e28293b1aa0f68bd]::io::stdio::STDOUT", "std::io::stdio::STDOUT"},
	{"std[e28293b1aa0f68bd]::thread::lifecycle::spawn_unchecked::<r[4dd80272"
	 "b5a2d1fc]::main::{closure#1}, ()>::{closure#1}",
	 "lifecycle::spawn_unchecked<…>::{closure#1}"},
	{"<char>::to_digit", "char::to_digit"},
	{"<std[e28293b1aa0f68bd]::io::error::Error>::new::<&str>",
	 "std::io::error::Error::new<&str>"},
	{"core[c1f1a4ba060b9bfa]::ptr::drop_in_place::<core[c1f1a4ba060b9bfa]::m"
	 "em::drop_guard::DropGuard<&mut core[c1f1a4ba060b9bfa]::mem::maybe_unin"
	 "it::MaybeUninit<libc[f7eeb3c78f8669bf]::unix::linux_like::linux::gnu::"
	 "b64::x86_64::pthread_attr_t>, <std[e28293b1aa0f68bd]::sys::thread::uni"
	 "x::Thread>::new::{closure#0}>>",
	 "core::ptr::drop_in_place<…>"},
	{"<i32 as core[c1f1a4ba060b9bfa]::fmt::Display>::fmt", "i32::fmt"},
	{"core[c1f1a4ba060b9bfa]::panicking::panic_nounwind_fmt",
	 "core::panicking::panic_nounwind_fmt"},
	{"__rustc[b7974e8690430dd9]::__rust_alloc", "__rustc::__rust_alloc"},
	{"<&core[c1f1a4ba060b9bfa]::panic::location::Location as core[c1f1a4ba06"
	 "0b9bfa]::fmt::Display>::fmt",
	 "core::panic::location::Location::fmt"},
	{"<gimli[9d272e8433f81454]::read::abbrev::Abbreviations>::insert",
	 "read::abbrev::Abbreviations::insert"},
	{"<alloc[fdfd2bd8633a6659]::vec::Vec<_, _>>::from_raw_parts_in::precondi"
	 "tion_check",
	 "Vec<_, _>::from_raw_parts_in::precondition_check"},
	{"core[c1f1a4ba060b9bfa]::sync::atomic::atomic_compare_exchange::<usize>",
	 "sync::atomic::atomic_compare_exchange<usize>"},
	{"<alloc[fdfd2bd8633a6659]::collections::btree::navigate::LazyLeafRange<"
	 "alloc[fdfd2bd8633a6659]::collections::btree::node::marker::Dying, u32,"
	 " alloc[fdfd2bd8633a6659]::vec::Vec<r[4dd80272b5a2d1fc]::A<u8>>>>::init"
	 "_front",
	 "navigate::LazyLeafRange<…>::init_front"},
	{"core[c1f1a4ba060b9bfa]::slice::index::range::<core[c1f1a4ba060b9bfa]::"
	 "ops::range::RangeInclusive<usize>>",
	 "core::slice::index::range<…>"},
	{"<std[e28293b1aa0f68bd]::sync::once::Once>::call_once_force::<<std[e282"
	 "93b1aa0f68bd]::sync::once_lock::OnceLock<std[e28293b1aa0f68bd]::fs::Fi"
	 "le>>::initialize<std[e28293b1aa0f68bd]::sys::random::linux::getrandom:"
	 ":{closure#0}, std[e28293b1aa0f68bd]::io::error::Error>::{closure#0}>::"
	 "{closure#0}",
	 "Once::call_once_force<…>::{closure#0}"},
	{"<alloc[fdfd2bd8633a6659]::boxed::Box<alloc[fdfd2bd8633a6659]::collecti"
	 "ons::btree::node::InternalNode<u32, alloc[fdfd2bd8633a6659]::vec::Vec<"
	 "r[4dd80272b5a2d1fc]::A<u8>>>>>::new_uninit_in",
	 "alloc::boxed::Box<…>::new_uninit_in"},
	{"<gimli[9d272e8433f81454]::read::aranges::ArangeHeader<gimli[9d272e8433"
	 "f81454]::read::endian_slice::EndianSlice<gimli[9d272e8433f81454]::endi"
	 "anity::LittleEndian>, usize>>::parse",
	 "read::aranges::ArangeHeader<…>::parse"},
	{"<alloc[fdfd2bd8633a6659]::sync::Arc<gimli[9d272e8433f81454]::read::dwa"
	 "rf::Dwarf<gimli[9d272e8433f81454]::read::endian_slice::EndianSlice<gim"
	 "li[9d272e8433f81454]::endianity::LittleEndian>>>>::drop_slow",
	 "alloc::sync::Arc<…>::drop_slow"},
};

/* Names of C, of code without symbols, and of no language. */
static const char *const others[][2] = {
	{"main", "main"},
	{"f.constprop.0.isra.3", "f"},
	{"f.part.7", "f"},
	{"f.lto_priv.0", "f"},
	{"f.llvm.1234567890", "f"},
	{"f.cold", "f"},
	{".part.0", ".part.0"},
	{"libc.so.6+0x1234", "libc.so.6+0x1234"},
	{"0xdeadbeef", "0xdeadbeef"},
	{"a.out", "a.out"},
	{"-[NSString initWithFormat:locale:]", "-[NSString initWithFormat:locale:]"},
	{"<", "<"},
	{">", ">"},
	{"((((", "(((("},
	{"a<b<c", "a<b<c"},
	{"_ZN3foo", "_ZN3foo"},
	{"operator", "operator"},
	{"", ""},
	{"camlStdlib__list_map_123", "camlStdlib__list_map_123"},
	{"__gfortran_MOD_f", "__gfortran_MOD_f"},
};

static void check_table(const char *const (*table)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[SHORT_NAME_SIZE], again[SHORT_NAME_SIZE];

		assert_int_equal(short_name(table[i][0], text, sizeof(text)),
				 strlen(table[i][1]));
		assert_string_equal(text, table[i][1]);
		short_name(text, again, sizeof(again));
		assert_string_equal(again, text);
	}
}

#define TABLE(name) check_table(name, sizeof(name) / sizeof(*name))

static void names_of_cxx_become_short(void **state)
{
	(void)state;
	TABLE(cxx);
	TABLE(libstdcxx);
	TABLE(llvm);
}

static void names_of_rust_become_short(void **state)
{
	(void)state;
	TABLE(rust);
}

static void names_without_parts_stay(void **state)
{
	(void)state;
	TABLE(others);
}

static void a_name_of_a_megabyte_takes_no_time(void **state)
{
	static const char *const parts[] = {"a",
					    "a::",
					    "<",
					    "a<",
					    "a<b,",
					    "(",
					    ")",
					    "{",
					    "[",
					    "operator",
					    "operator<",
					    "<a as b>::",
					    "std::basic_string<char>::",
					    "f(",
					    "(anonymous namespace)::",
					    " ",
					    "a ",
					    "-",
					    "->",
					    "::",
					    "impl for <",
					    "\xe2\x80\xa6",
					    ".part.0"};
	size_t size = 1 << 20;
	char *name = malloc(size);

	(void)state;
	assert_non_null(name);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char text[SHORT_NAME_SIZE], again[SHORT_NAME_SIZE];
		size_t n = strlen(parts[i]), at = 0;

		for (at = 0; at + n < size; at += n)
			memcpy(name + at, parts[i], n);
		name[at] = 0;
		assert_true(short_name(name, text, sizeof(text)) < sizeof(text));
		short_name(text, again, sizeof(again));
		assert_string_equal(again, text);
	}
	free(name);
}

static void a_small_buffer_is_cut_between_characters(void **state)
{
	static const char name[] = "std::vector<a_type_with_a_long_name, int>::push_back";
	char text[SHORT_NAME_SIZE];

	(void)state;
	assert_int_equal(short_name(name, NULL, 0), 0);
	for (size_t size = 1; size < sizeof(text); size++) {
		size_t n = short_name(name, text, size);

		assert_true(n < size && text[n] == 0);
		for (size_t at = 0; at < n; at += text_sequence(text + at, n - at))
			assert_true(text_sequence(text + at, n - at) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_cxx_become_short),
		cmocka_unit_test(names_of_rust_become_short),
		cmocka_unit_test(names_without_parts_stay),
		cmocka_unit_test(a_name_of_a_megabyte_takes_no_time),
		cmocka_unit_test(a_small_buffer_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
