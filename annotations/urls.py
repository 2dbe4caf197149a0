"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from annotations.views import agreement, batches, datasets, health, home, reading, session, studies

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", session.SignIn.as_view(), name="sign-in"),
    path("sign-out/", session.SignOut.as_view(), name="sign-out"),
    path("link/", session.link, name="link"),
    path("language/", session.language, name="language"),
    path("taxonomy/", home.taxonomy, name="taxonomy"),
    path("worklist/", reading.worklist, name="worklist"),
    path("read/<int:pk>/", reading.desk, name="desk"),
    path("studies/", studies.study_list, name="studies"),
    path("studies/new/", studies.study_new, name="study-new"),
    path("studies/<slug:slug>/", studies.study_detail, name="study"),
    path("studies/<slug:slug>/consensus/", studies.study_consensus, name="study-consensus"),
    path("studies/<slug:slug>/export/", studies.study_export, name="study-export"),
    path("studies/<slug:slug>/batches/new/", batches.batch_new, name="batch-new"),
    path("batches/<int:pk>/", batches.batch_detail, name="batch"),
    path("batches/<int:pk>/closing/", batches.batch_close, name="batch-close"),
    path("batches/<int:pk>/adjudication/", batches.batch_adjudicate, name="batch-adjudicate"),
    path("batches/<int:pk>/agreement/", agreement.batch_agreement, name="batch-agreement"),
    path("datasets/", datasets.dataset_list, name="datasets"),
    path("datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
