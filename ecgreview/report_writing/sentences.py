"""English sentences of a report. Placeholders in braces are filled in after translation.

``conduct`` and ``checklist`` hold the sentences that only they use.
"""

from __future__ import annotations

from types import MappingProxyType


def _(text: str) -> str:
    """Mark ``text`` for translation and return it unchanged."""
    return text


ESTIMATE = _("{estimate} ({low} to {high})")
RANGE = _("{low} to {high}")
MEDIAN = _("{median} (quartiles {low} to {high}; known for {n})")
COUNT_AND_SHARE = _("{n} ({share})")
TABLE = _("Table {number}. {caption}")
FIGURE = _("Figure {number}. {caption}")
FILL_IN_WHAT = _("The software does not know this: fill in {what}.")
NOTHING = _("Nothing to show here. {why}")

TITLE = _("{study}: agreement between readers of 12-lead electrocardiograms")
SCOPE_STUDY = _("All data batches of the study")
SCOPE_BATCH = _("Batch: {batch}")
WRITTEN = _("Written on {day} by {software}")
WRITTEN_ON = _("Written on {day}")
REPORT_DIGEST = _("Digest of the inputs: {digest}")

METHODS = _("Methods")
DESIGN = _("Design")
SAMPLE = _("Exams")
READERS = _("Readers")
READING = _("Reading")
INCOMPLETE = _("Incomplete readings")
STATISTICS = _("Statistical analysis")
RESULTS = _("Results")
INCLUDED = _("Exams, readers and readings")
TOGETHER = _("Agreement on exams and over all classes")
BY_CLASS = _("Agreement by class")
SECONDARY = _("Secondary coefficients")
PAIRS = _("Pairs of readers")
REPEATED = _("Intra-reader agreement")
APPENDIX_GRRAS = _("Appendix A. GRRAS checklist")
APPENDIX_READERS = _("Appendix B. Influence of individual readers")
APPENDIX_PAIRS = _("Appendix C. Pairs of readers and intra-reader agreement")
APPENDIX_AGAIN = _("Appendix D. Reproducing this report")
REFERENCES = _("References")

# Methods

CLASSES = _(
    "For each 12-lead electrocardiogram (exam), readers stated which of {n} diagnostic classes "
    "are present. A class that was not marked counts as absent, unless the reader marked it as "
    "not assessable in that exam."
)
TAXONOMY = _("The classes are those of {taxonomy}, version {version}.")
SAMPLE_SIZE = _("how the numbers of exams and readers were chosen")
SAMPLING = _("how the exams were sampled, and from which population")
BACKGROUND = _("the training and experience of the readers")
PATIENT_GAP = _(
    "Where possible, exams of the same patient were separated by at least {n} other exams."
)
ORDER = _(
    "Each reader received the exams in a separate random order, derived from a secret seed that "
    "was fixed before the first reading."
)
INDEPENDENT = _(
    "Readers worked independently: the software showed no reader the readings or progress of "
    "another reader, or any number computed from them."
)
RESULTS_OPEN = MappingProxyType(
    {
        "live": _(
            "Under the protocol, agreement is visible during reading to people who are not readers."
        ),
        "batch_closed": _(
            "Under the protocol, agreement and readings become visible when a batch is closed."
        ),
        "study_locked": _(
            "Under the protocol, agreement and readings become visible when the study is locked."
        ),
    }
)
CLINICAL = MappingProxyType(
    {
        "none": _("Readers received no information about the patient."),
        "age_and_sex": _(
            "Readers received the patient's age and sex and no other clinical information."
        ),
        "full": _("Readers received the clinical information that came with the exam."),
    }
)
PREVIOUS_EXAM = MappingProxyType(
    {
        "hidden": _("Earlier exams of the same patient were not shown."),
        "shown": _("Readers could open the patient's previous exam if it was known."),
    }
)
UNDO = _(
    "Readers could correct a submission within {n} seconds; the correction supersedes the first "
    "reading, which is kept but not counted."
)
BLINDING = _("whether readers worked independently of each other")
DISPLAYED = _("how the tracings were displayed")
EXCLUSIONS = _(
    "Readings in which the exam was unreadable or the reader abstained contain no answer about "
    "any class and were excluded. A class that a reader could not assess is missing for that "
    "reader, exam and class only. Each class was compared over the exams for which at least two "
    "readers gave an answer; exams with an answer from only one reader enter no coefficient."
)
HEADLINE = _(
    "For each class, the report gives positive agreement, which is the probability that a second "
    "reader marks the class when a first reader does {specific}; {kappa}; and Krippendorff's alpha "
    "{alpha}, which corrects for chance and allows missing readings. Raw counts accompany every "
    "estimate."
)
KAPPA_COHEN = _("Cohen's kappa {cohen}")
KAPPA_LIGHT = _("Light's kappa, the mean of Cohen's kappa over pairs of readers {light}")
KAPPA_FLEISS = _("Fleiss' kappa {fleiss}, generalized to varying numbers of readers")
PARADOX = _(
    "Percent agreement, Gwet's AC1 {gwet} and the prevalence- and bias-adjusted kappa (PABAK) "
    "{pabak} approach 1 for rare classes whatever the readers do, and kappa falls when a class "
    "is very rare or very common {paradox}; they are secondary and should not be interpreted "
    "alone."
)
ON_EXAMS = _(
    "Agreement on whole exams is measured by the proportion of exams for which all readers marked "
    "the same set of classes and by the mean Jaccard index {jaccard} between the sets of two "
    "readers. The mean over classes gives every class the same weight; the pooled coefficient "
    "treats all answers to all classes as answers about one class."
)
BOOTSTRAP = _(
    "The {confidence} intervals are percentiles of {n} bootstrap replicates {bootstrap}, as "
    "recommended for nominal data {zapf}."
)
UNIT_EXAM = _(
    "Exams were resampled. Means over classes have basic bootstrap intervals, with all classes "
    "of an exam drawn together."
)
UNIT_PATIENT = _(
    "Patients were resampled with all their exams {clusters}. Means over classes have basic "
    "bootstrap intervals, with all classes drawn together. For pairs of readers, and for classes "
    "with few informative exams, intervals are computed with the number of exams divided by the "
    "design effect of patients {effect}; repeated readings have no interval."
)
POSTERIOR = _(
    "Bootstrap intervals are too narrow for a class if any of three numbers of exams is below "
    "{rare}: those in which all readers marked it, none did, or only some did. Its interval is "
    "then that of a Dirichlet posterior with Jeffreys' prior {jeffreys}."
)
NO_INTERVALS = _("Intervals were not computed.")
PAIR_STATISTICS = _(
    "Pairs of readers are compared by Cohen's kappa {cohen}, with the maximum kappa that their "
    "marginal proportions allow, and by McNemar's exact test {mcnemar}."
)
LEAVE_ONE_OUT = _(
    "The range of each coefficient when the readers are left out one at a time shows the "
    "influence of individual readers."
)
UNDEFINED = _(
    "Undefined coefficients, for example of a class that no reader marked, are reported as "
    "undefined with the reason, never as 0 or 1."
)
GUIDELINE = _(
    "This report follows the Guidelines for Reporting Reliability and Agreement Studies (GRRAS) "
    "{grras}."
)
SOFTWARE = _("Computed by {software}.")

# Results

DATES = _("Readings were submitted from {first} to {last}.")
FLOW = _("Exams, readers and readings")
QUANTITY = _("Quantity")
NUMBER = _("Number")
EXAMS_IN_STUDY = _("Exams in the study")
PATIENTS = _("Patients")
EXAMS_READ = _("Exams read at least once")
EXAMS_COMPARED = _("Exams read by at least two readers")
READERS_N = _("Readers")
CLASSES_N = _("Classes")
ASSIGNED = _("Readings assigned")
SUBMITTED = _("Readings submitted")
UNREADABLE = _("of these: exam unreadable")
ABSTAINED = _("of these: reader abstained")
SECOND_TIME = _("of these: hidden repeats")
COMPARED = _("Readings with answers about classes")
NOT_ASSESSABLE = _("“Not assessable” answers")
CORRECTED = _("Submissions superseded by a correction")
CHARACTERISTICS = _("Characteristics of exams and readers")
CHARACTERISTIC = _("Characteristic")
VALUE = _("Value")
AGE = _("Age of the patients, years")
SEX = _("Sex: {name}")
DATASET = _("Data set: {name}")
LEVEL = _("Readers: {name}")
EXAMS_EACH = _("Exams read by each reader")
SETS_SAME = _("Exams in which all readers marked the same set of classes")
JACCARD = _("Mean Jaccard index between two readers")
TOGETHER_TABLE = _("Agreement on whole exams and over all classes, with {confidence} intervals")
TOGETHER_PLAIN = _("Agreement on whole exams and over all classes")
MEASURE = _("Measure")
MEAN = _("Mean over classes")
DEFINED = _("Classes with a value")
OF = _("{n} of {total}")
POOLED = _("All answers pooled")
EXAMS_AS_A_WHOLE = _(
    "Among the exams read by at least two readers, the proportion for which all readers marked the "
    "same set of classes was {same}; the mean Jaccard index between the sets of two readers was "
    "{overlap}."
)
MEAN_OVER_CLASSES = _(
    "The mean over the classes with a value was {positive} for positive agreement and {alpha} "
    "for Krippendorff's alpha."
)
CLASS = _("Class")
EXAMS = _("Exams")
GIVEN_BY_ANY = _("Marked by at least one")
GIVEN_BY_ALL = _("Marked by all")
DISPUTED = _("Marked by some")
CLASS_TABLE = _("Agreement by class, with {confidence} intervals")
CLASS_TABLE_PLAIN = _("Agreement by class")
COLUMNS_NOTE = _(
    "Exams: read by at least two readers who could assess the class. Marked by at least one, "
    "marked by all: exams in which at least one reader, or every reader, marked the class. Marked "
    "by some: by at least one, but not by all."
)
SECONDARY_TABLE = _("Secondary coefficients by class, with {confidence} intervals")
SECONDARY_PLAIN = _("Secondary coefficients by class")
POSTERIOR_MARK = "{name}\u00a0*"
POSTERIOR_NOTE = _(
    "* Interval from a Dirichlet posterior: the class is marked by all readers, by none or by only "
    "some in fewer than {rare} exams."
)
RARE_WARNING = _(
    "Rare classes (number: {n}): marked by any reader in fewer than {rare} exams. Their intervals "
    "are wide, and percent agreement, AC1 and PABAK are uninformative. Read the raw counts first."
)
UNDEFINED_WARNING = _("Undefined results (number of classes: {n}) are explained below the table.")
REASON_NOTE = _("{mark} {reason}")
NO_CLASSES = _("The report has no classes.")
NO_PAIRS = _("No two readers have an exam in common.")
CAPTION_FOREST = _(
    "{measure} of each class with its interval, in descending order of the estimate. Filled: "
    "bootstrap; open: Dirichlet posterior (few informative exams). Dashed: agreement by chance. "
    "Bottom row: mean of the classes with a value."
)
CAPTION_FOREST_PLAIN = _("{measure} of each class, in descending order of the estimate.")
ALT_FOREST = _("Forest plot of {measure}: {n} classes. The table of this section has the numbers.")
CAPTION_MATRIX = _(
    "Cohen's kappa for pairs of readers, with the answers to all classes pooled. Below the "
    "diagonal: kappa. Above the diagonal: exams in common. On the diagonal: intra-reader kappa."
)
CAPTION_MATRIX_LARGE = _(
    "Cohen's kappa for pairs of readers, with the answers to all classes pooled. On the "
    "diagonal: intra-reader kappa."
)
COMMON = _("Pairs of readers with exams in common: {n}; exams in common: {low} to {high}.")
ALT_MATRIX = _("Heat map of Cohen's kappa for pairs of readers: {n} readers.")
PAIRS_TABLE = _("Pairs of readers by class, with {confidence} intervals")
PAIRS_TABLE_PLAIN = _("Pairs of readers by class")
PAIR = _("Readers")
PAIR_NAMES = _("{first} / {second}")
BOTH = _("Both")
FIRST_ONLY = _("First only")
SECOND_ONLY = _("Second only")
NEITHER = _("Neither")
PAIRS_NOTE = _(
    "Both, first only, second only, neither: exams in which both readers, only the first, only the "
    "second or neither marked the class. Classes that neither reader of a pair ever marked are "
    "left out."
)
NEVER_TOGETHER = _("There is nothing to compare: no reader in any pair marked a class.")
PAIRS_ELSEWHERE = _("The CSV and JSON files of the report list the pairs of readers.")
TOO_MANY_LINES = _(
    "This table would have {n} rows. The CSV and JSON files of the report list every pair and "
    "class with counts and intervals."
)
REPEATS_TABLE = _("Intra-reader agreement on exams read twice, with {confidence} intervals")
REPEATS_PLAIN = _("Intra-reader agreement on exams read twice")
READER = _("Reader")
TWICE = _("Both times")
FIRST_TIME = _("First time only")
SECOND_TIME_ONLY = _("Second time only")
NO_TIME = _("Neither time")
REPEATS_NOTE = _("Classes that a reader marked in neither reading of any exam are left out.")
TWICE_READ = _(
    "Readers who read exams a second time: {n}; exams read twice by each of them: {low} to "
    "{high}. The diagonal of the figure above shows their kappas over all classes; Appendix C "
    "lists every class."
)
NOBODY_TWICE = _("No reader read an exam twice.")
RANGE_TABLE = _("Range of the coefficients when one reader is left out")
RANGE_NOTE = _("A dash means that the coefficient is undefined without one of the readers.")
FEW_READERS = _("Three readers are needed to leave one out.")

# Groups of classes, and certainty

BY_GROUP = _("Agreement by group of classes")
GROUP = _("Group")
GROUPS_MEANING = _(
    "A reader marked a group if they marked any of its classes. Readers who mark different classes "
    "of one group disagree on the classes but agree on the group."
)
GROUP_TABLE = _("Agreement by group of classes, with {confidence} intervals")
GROUP_TABLE_PLAIN = _("Agreement by group of classes")

CERTAINTY = _("Certainty")
CERTAINTY_MEANING = _(
    "Each class is absent, possible, probable or definite. Krippendorff's alpha for ordinal data "
    "{alpha} and Gwet's AC2 with ordinal weights {gwet} treat possible versus definite as a "
    "smaller disagreement than absent versus definite."
)
ALL_DEFINITE = _("Readers marked every finding as definite.")
CERTAINTY_TABLE = _(
    "Certainty of readers for classes marked in an exam by at least two readers, with {confidence} "
    "intervals"
)
CERTAINTY_PLAIN = _("Certainty of readers for classes marked in an exam by at least two readers")
GIVEN_BY_TWO = _("Marked by two")
POSSIBLE = _("Possible")
PROBABLE = _("Probable")
DEFINITE = _("Definite")
SAME_CERTAINTY = _("Same certainty")
ORDINAL_ALPHA = _("Ordinal alpha")
GWET_AC2 = _("Gwet's AC2")
CERTAINTY_NOTE = _(
    "Marked by two: exams in which at least two readers marked the class. Same certainty: "
    "proportion of pairs of these readers who chose the same level. Possible, probable, definite: "
    "readings."
)

# Reproducing the report

SETTING = _("Setting")
SOFTWARE_NAME = _("Software")
REPORT_VERSION = _("Report version")
DIGEST_NAME = _("Digest of the inputs (SHA-256)")
PROTOCOL_NAME = _("Protocol version")
PROTOCOL_DIGEST = _("Digest of the protocol (SHA-256)")
TAXONOMY_NAME = _("List of classes")
CONFIDENCE_NAME = _("Confidence level of the intervals")
REPLICATES_NAME = _("Replicates")
SEED_NAME = _("Random seed")
UNIT_NAME = _("Resampled unit")
UNITS = MappingProxyType({"exam": _("exam"), "patient": _("patient")})
AGAIN_TABLE = _("Settings that determine the numbers")

# Coefficients, long and short

MEASURES = MappingProxyType(
    {
        "prevalence": _("Share of readings that mark the class"),
        "percent_agreement": _("Percent agreement"),
        "positive_agreement": _("Positive agreement"),
        "negative_agreement": _("Negative agreement"),
        "cohen_kappa": _("Cohen's kappa"),
        "cohen_kappa_max": _("Maximum kappa"),
        "light_kappa": _("Light's kappa"),
        "conger_kappa": _("Conger's kappa"),
        "fleiss_kappa": _("Fleiss' kappa"),
        "scott_pi": _("Scott's pi"),
        "krippendorff_alpha": _("Krippendorff's alpha"),
        "gwet_ac1": _("Gwet's AC1"),
        "pabak": _("PABAK"),
        "prevalence_index": _("Prevalence index"),
        "bias_index": _("Bias index"),
        "mcnemar_p": _("McNemar's p"),
    }
)

# Figures

INTERVAL = _("Estimate and interval")
CHANCE = _("agreement by chance")
BY_BOOTSTRAP = _("bootstrap")
BY_POSTERIOR = _("Dirichlet posterior (few informative exams)")
WITHOUT_INTERVAL = _("no interval")
NOT_DEFINED = _("undefined")
MEAN_OF = _("Mean of classes ({n} of {total})")
POOLED_OF = _("All classes")
MATRIX_TITLE = _("Cohen's kappa: {name}")
NOT_IN_COMMON = _("no exam in common")
TOO_FEW = _("undefined")
COMMON_EXAMS = _("{first}, {second}: {kappa}; exams in common: {n}")
SELF_EXAMS = _("{first}: {kappa}; exams read twice: {n}")
